"""Stops a deploy or a removal that would delete messages or secrets, unless the user allows it.

A message is a photo without its variant, or a dead letter to replay. A secret holds the hashes of
tokens or the keys of signed URLs that are in use; CloudFormation deletes it at once, without the
recovery window of Secrets Manager.
"""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from infra.hooks import viewer_keys
from infra.hooks.limits import find_small_limits
from lib.aws import sqs as queues
from lib.aws.error_mapping import map_errors
from lib.aws.functions import read_limits
from lib.errors import ConfigError, FanoutError
from lib.operations.stage_commands import StageCommands
from lib.plurals import pluralize

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient

# Endings of the names of dead-letter queues.
_DLQ, _SUBSCRIPTION = "-dlq", "-subscription"

# Physical ids of removed resources, by their type.
Removed = defaultdict[str, list[str]]


def find_losses(given: dict[str, Any], removed: Removed) -> list[str]:
    """Returns lines that name the losses and the limits exceeded.

    Secrets are checked before a deploy only (`abandon_secrets`). Raises ConfigError if the deploy
    or removal must stop.
    """
    stack, template = given["stack"], given["template"]
    commands = StageCommands(given["stage"], given["region"])
    messages, secrets = list[str](), list[str]()
    if removed["AWS::SQS::Queue"]:
        sqs = boto3.client("sqs")
        messages = check_messages(sqs, removed, stack, commands, force=given["abandon_messages"])
    public: list[str] = []
    if "abandon_secrets" in given:
        public = check_viewers(removed, force=given["abandon_secrets"])
        secrets = check_secrets(removed, force=given["abandon_secrets"])
    return [
        *(f"Abandoning with its queue {line}" for line in messages),
        *public,
        *(f"Deleting the secret {name}" for name in secrets),
        *(_warn_of_limits(template) if template["Resources"] else []),
    ]


def check_messages(
    sqs: "SQSClient", removed: Removed, stack: str, commands: StageCommands, *, force: bool
) -> list[str]:
    """Returns the removed queues that hold messages, and how many each holds.

    Raises ConfigError, with the commands that empty them, if there are any, unless `force` is set.
    """
    counts = {
        url.rpartition("/")[2]: queues.count_messages(sqs, url)
        for url in removed["AWS::SQS::Queue"]
    }
    waiting = {name: count for name, count in counts.items() if count}
    lines = [f"{name}: {pluralize(count, 'message')}" for name, count in waiting.items()]
    if waiting and not force:
        raise ConfigError(
            "\n".join(
                [
                    "Queues that are to be removed still hold messages:",
                    *(f"  {line}" for line in lines),
                    *_advise([*waiting], stack, commands),
                    'Then try again. To lose the messages, add: --param="abandon_messages=true"',
                ]
            )
        )
    return lines


def _advise(waiting: list[str], stack: str, commands: StageCommands) -> list[str]:
    """Returns the steps that empty the queues of these names."""
    dlqs = [name for name in waiting if name.endswith(_DLQ)]
    steps = []
    if len(dlqs) < len(waiting):
        steps.append("Wait until the workers have taken the messages of the queues.")
    if dlqs:
        options = _select(dlqs, stack)
        steps.append("Return the dead letters to their queues, to be tried again:")
        steps += [f"  {commands.fanout('dlq replay', each)}" for each in options]
        steps.append("or delete them for good:")
        steps += [f"  {commands.fanout('dlq purge', each)}" for each in options]
    return steps


def _select(dlqs: list[str], stack: str) -> list[str]:
    """Returns the options with which `fanout dlq` acts on these queues, for each kind of them."""
    # Most deploys get by without them.
    from lib.dead_letters.letter import DlqKind  # noqa: PLC0415
    from lib.dead_letters.sources import SHARED  # noqa: PLC0415

    names = [name.removeprefix(f"{stack}-").removesuffix(_DLQ) for name in dlqs]
    shared = [name for name in names if name in SHARED]
    undelivered = [name for name in names if name.endswith(_SUBSCRIPTION)]
    sizes = [name for name in names if name not in (*shared, *undelivered)]
    options = [" ".join(f"--size {name}" for name in sizes)] if sizes else []
    if undelivered:
        of_sizes = " ".join(f"--size {name.removesuffix(_SUBSCRIPTION)}" for name in undelivered)
        options.append(f"{of_sizes} --queue {DlqKind.SUBSCRIPTION}")
    return options + [f"--queue {name}" for name in shared]


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


def check_viewers(removed: Removed, *, force: bool) -> list[str]:
    """Returns a line if private images become public.

    Raises ConfigError if they do, unless `force` is set.
    """
    if not viewer_keys.becomes_public(removed):
        return []
    if not force:
        raise ConfigError(
            "This stage shows its images to holders of signed URLs and cookies only. This deploy "
            "would show every\nimage to everyone, and delete the keys. Say viewers: signed, also "
            "for this command if --param said it\nbefore, or, to make the images public, add: "
            '--param="abandon_secrets=true"'
        )
    return ["Everyone will see every image: viewers is no longer signed"]


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
