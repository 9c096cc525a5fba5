"""Stops a deploy or a removal that would delete messages or secrets, unless the user allows it.

A message is a photo without its variant, or a dead letter to replay. A secret holds the hashes of
tokens or the keys of signed URLs that are in use; CloudFormation deletes it at once, without the
recovery window of Secrets Manager.
"""

from collections import defaultdict
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

# Physical ids of removed resources, by their type.
Removed = defaultdict[str, list[str]]


def find_losses(given: dict[str, Any]) -> list[str]:
    """Returns lines that name the losses and the limits exceeded.

    Secrets are checked before a deploy only (`abandon_secrets`). Raises ConfigError if the deploy
    or removal must stop.
    """
    stack, template = given["stack"], given["template"]
    cloudformation = boto3.client("cloudformation")
    sqs = boto3.client("sqs")
    removed = find_removed(cloudformation, stack, template)
    messages = check_messages(sqs, removed, force=given["abandon_messages"])
    secrets = []
    if "abandon_secrets" in given:
        secrets = check_secrets(removed, force=given["abandon_secrets"])
    return [
        *(f"Abandoning with its queue {line}" for line in messages),
        *(f"Deleting the secret {name}" for name in secrets),
        *(_warn_of_limits(template) if template["Resources"] else []),
    ]


def check_messages(sqs: "SQSClient", removed: Removed, *, force: bool) -> list[str]:
    """Returns the removed queues that hold messages, and how many each holds.

    Raises ConfigError if there are messages, unless `force` is set.
    """
    waiting = []
    for url in removed["AWS::SQS::Queue"]:
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


def check_secrets(removed: Removed, *, force: bool) -> list[str]:
    """Returns the names of the removed secrets.

    Raises ConfigError if there are any, unless `force` is set.
    """
    names = [arn.rpartition(":")[2] for arn in removed["AWS::SecretsManager::Secret"]]
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


def find_removed(
    cloudformation: "CloudFormationClient", stack: str, template: dict[str, Any]
) -> Removed:
    """Lists the deployed resources that the template lacks; none if the stack does not exist."""
    removed: Removed = defaultdict(list)
    pages = cloudformation.get_paginator("list_stack_resources")
    with map_errors(f"listing the resources of {stack}"):
        try:
            for page in pages.paginate(StackName=stack):
                for resource in page["StackResourceSummaries"]:
                    if (
                        resource["LogicalResourceId"] not in template["Resources"]
                        and resource["ResourceStatus"] != "DELETE_COMPLETE"
                        and "PhysicalResourceId" in resource
                    ):
                        removed[resource["ResourceType"]].append(resource["PhysicalResourceId"])
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
    return removed


def _warn_of_limits(template: dict[str, Any]) -> list[str]:
    """Returns warnings about the account's limits; a failure to read them stops no deploy."""
    try:
        return find_small_limits(template, read_limits(boto3.client("lambda")))
    except FanoutError as error:
        return [f"Warning: the account's limits on Lambda were not compared: {error}"]
