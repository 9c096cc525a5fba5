"""Stops a deploy or a removal that would delete messages or secrets, unless the user allows it.

A message is a photo without its variant, or a dead letter to replay. A secret holds the hashes of
tokens or the keys of signed URLs that are in use; CloudFormation deletes it at once, without the
recovery window of Secrets Manager.
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
    """Returns lines that name the losses and the limits exceeded.

    Secrets are checked before a deploy only (`abandon_secrets`). Raises ConfigError if the deploy
    or removal must stop.
    """
    stack, template = given["stack"], given["template"]
    cloudformation = boto3.client("cloudformation")
    sqs = boto3.client("sqs")
    messages = check_messages(cloudformation, sqs, stack, template, force=given["abandon_messages"])
    secrets = []
    if "abandon_secrets" in given:
        force = given["abandon_secrets"]
        secrets = check_secrets(cloudformation, stack, template, force=force)
    return [
        *(f"Abandoning with its queue {line}" for line in messages),
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
    """Returns the queues that the template no longer has, and how many messages each holds.

    Raises ConfigError if there are messages, unless `force` is set.
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
    """Returns the names of the secrets that the template no longer has.

    Raises ConfigError if there are any, unless `force` is set.
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
    """Lists the physical ids of deployed resources of a type that the template lacks."""
    deployed = _list_deployed(cloudformation, stack, kind)
    return [id_ for logical, id_ in deployed.items() if logical not in template["Resources"]]


def _list_deployed(cloudformation: "CloudFormationClient", stack: str, kind: str) -> dict[str, str]:
    """Returns physical ids of a type by logical id; empty if the stack does not exist."""
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
    """Returns warnings about the account's limits; a failure to read them stops no deploy."""
    try:
        return find_small_limits(template, read_limits(boto3.client("lambda")))
    except FanoutError as error:
        return [f"Warning: the account's limits on Lambda were not compared: {error}"]
