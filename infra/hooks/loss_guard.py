"""Before a deploy, or a stack's removal: nothing goes that cannot be made again, unless asked for.

A message in a queue is a photo without its variant, or a dead letter somebody wants to replay. A
secret has the hashes of tokens, or the keys of signed URLs, that others use; CloudFormation deletes
it at once, without the days in which Secrets Manager can restore one.
"""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from infra.hooks.limits import find_small_limits
from lib.aws import sqs as queues
from lib.aws.error_mapping import map_errors
from lib.aws.functions import read_limits
from lib.errors import ConfigError, FanoutError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient


def find_losses(given: dict[str, Any]) -> list[str]:
    """Says what is lost, and which limits are small; ConfigError where the deploy must not go on.

    Secrets are asked about for a deploy alone (`abandon_secrets`), not for a stack's removal.
    """
    stack, template = given["stack"], given["template"]
    cloudformation = boto3.client("cloudformation")
    sqs = boto3.client("sqs")
    lost = check_messages(cloudformation, sqs, stack, template, force=given["abandon_messages"])
    secrets = []
    if "abandon_secrets" in given:
        force = given["abandon_secrets"]
        secrets = check_secrets(cloudformation, stack, template, force=force)
    return [
        *(f"Abandoning with its queue {line}" for line in lost),
        *(f"Deleting the secret {name}" for name in secrets),
        *(_warn_of_limits(template) if template["Resources"] else []),
    ]


def check_messages(
    cloudformation: "CloudFormationClient",
    sqs: "SQSClient",
    stack: str,
    template: dict[str, Any],
    *,
    force: bool,
) -> list[str]:
    """Names of the queues that the template no longer has, and the messages lost with each.

    Raises ConfigError where there are such messages and `force` is not given.
    """
    waiting = []
    for url in _find_removed(cloudformation, stack, template, "AWS::SQS::Queue"):
        count = queues.count_messages(sqs, url)
        if count:
            waiting.append(f"{url.rpartition('/')[2]}: {count} messages")
    if waiting and not force:
        raise ConfigError(
            "Queues that are to be removed still hold messages:\n"
            + "".join(f"  {line}\n" for line in waiting)
            + "Let them drain, and replay or purge the dead letters, then try again.\n"
            'To lose the messages, add: --param="abandon_messages=true"'
        )
    return waiting


def check_secrets(
    cloudformation: "CloudFormationClient", stack: str, template: dict[str, Any], *, force: bool
) -> list[str]:
    """Names of the secrets that the template no longer has.

    Raises ConfigError where there are any and `force` is not given.
    """
    arns = _find_removed(cloudformation, stack, template, "AWS::SecretsManager::Secret")
    names = [arn.rpartition(":")[2] for arn in arns]
    if names and not force:
        raise ConfigError(
            "This deploy would delete secrets, at once and for good:\n"
            + "".join(f"  {name}\n" for name in names)
            + "Every token whose hash is in them, or every URL signed with their keys, would be "
            "refused\nfrom then on, also after the parameter is switched on again. Leave auth or "
            "on_demand as they\nare, or, to lose the secrets, add: "
            '--param="abandon_secrets=true"'
        )
    return names


def _find_removed(
    cloudformation: "CloudFormationClient", stack: str, template: dict[str, Any], kind: str
) -> list[str]:
    """Physical ids of a type's resources that are deployed and not in the template."""
    deployed = _deployed(cloudformation, stack, kind)
    return [each for logical, each in deployed.items() if logical not in template["Resources"]]


def _deployed(cloudformation: "CloudFormationClient", stack: str, kind: str) -> dict[str, str]:
    """Physical ids of the deployed stack's resources of a type by logical id, if it is deployed."""
    pages = cloudformation.get_paginator("list_stack_resources")
    with map_errors(f"listing the resources of {stack}"):
        try:
            return {
                resource["LogicalResourceId"]: resource["PhysicalResourceId"]
                for page in pages.paginate(StackName=stack)
                for resource in page["StackResourceSummaries"]
                if resource["ResourceType"] == kind
                and resource["ResourceStatus"] != "DELETE_COMPLETE"
                and "PhysicalResourceId" in resource
            }
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise


def _warn_of_limits(template: dict[str, Any]) -> list[str]:
    """What of the template the account's limits are too small for; it stops no deploy."""
    try:
        return find_small_limits(template, read_limits(boto3.client("lambda")))
    except FanoutError as error:
        return [f"Warning: the account's limits on Lambda were not compared: {error}"]
