"""Before a deploy, or a stack's removal: no queue that it would delete may hold messages.

A message in a queue is a photo without its variant, or a dead letter somebody wants to replay.
Run as `python -m infra.guard STACK REGION` with {"template": ..., "force": bool} on standard
input.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from lib.aws import sqs as queues
from lib.aws.failures import translated
from lib.errors import ConfigError, FanoutError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient


def check(
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
    kept = template["Resources"].keys()
    gone = {
        logical: url
        for logical, url in _queues(cloudformation, stack).items()
        if logical not in kept
    }
    waiting = []
    for url in gone.values():
        count = queues.held(sqs, url)
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


def _queues(cloudformation: "CloudFormationClient", stack: str) -> dict[str, str]:
    """Queue URLs of the deployed stack by logical id; none where nothing is deployed yet."""
    pages = cloudformation.get_paginator("list_stack_resources")
    with translated(f"listing the resources of {stack}"):
        try:
            return {
                resource["LogicalResourceId"]: resource["PhysicalResourceId"]
                for page in pages.paginate(StackName=stack)
                for resource in page["StackResourceSummaries"]
                if resource["ResourceType"] == "AWS::SQS::Queue"
                and resource["ResourceStatus"] != "DELETE_COMPLETE"
                and "PhysicalResourceId" in resource
            }
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise


def main() -> int:
    """Exit code 1, and the reason on standard error, where the deploy must not go on."""
    stack, region = sys.argv[1:3]
    given = json.load(sys.stdin)
    try:
        lost = check(
            boto3.client("cloudformation", region_name=region),
            boto3.client("sqs", region_name=region),
            stack,
            given["template"],
            force=given["force"],
        )
    except FanoutError as error:
        print(error, file=sys.stderr)
        return 1
    for line in lost:
        print(f"Abandoning with its queue {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
