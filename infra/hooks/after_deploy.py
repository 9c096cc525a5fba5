"""Finishes a private stage's deploy, or ends one that is private no more; deploy.js runs it.

It reads {"stack", "stage", "region", "secret", "kms_key", "is_private"} as JSON from standard
input.
"""

import json
import sys
from typing import Any

import boto3

from infra.hooks import viewer_keys
from lib.aws import secrets as secret_store
from lib.aws.error_mapping import map_errors
from lib.errors import FanoutError
from lib.operations.stage_commands import StageCommands
from lib.plurals import pluralize


def main() -> int:
    """Prints what was done; if that failed, the exit code is 1 and the reason on standard error."""
    given = json.load(sys.stdin)
    try:
        print(_finish(given) if given["is_private"] else _end(given), end="")
    except FanoutError as error:
        print(f"The deploy is done, but not its last step: {error}", file=sys.stderr)
        return 1
    return 0


def _finish(given: dict[str, Any]) -> str:
    with map_errors(f"reading the outputs of {given['stack']}"):
        cloudformation = boto3.client("cloudformation")
        (stack,) = cloudformation.describe_stacks(StackName=given["stack"])["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    signs_from = viewer_keys.finish(
        boto3.client("secretsmanager"), given["secret"], given["kms_key"], outputs
    )
    if signs_from is None:
        return ""
    commands = StageCommands(given["stage"], given["region"])
    return (
        f"The new viewer key signs from {signs_from:%H:%M} UTC, once CloudFront has it everywhere. "
        "URLs and cookies of the previous one work until the next rotation is deployed:\n"
        f"  {commands.fanout('viewer-key rotate')}\n"
    )


def _end(given: dict[str, Any]) -> str:
    days = secret_store.schedule_deletion(boto3.client("secretsmanager"), given["secret"])
    if days is None:
        return ""
    delay = pluralize(days, "day")
    return f"Secrets Manager deletes {given['secret']} in {delay}, and charges nothing.\n"


if __name__ == "__main__":
    sys.exit(main())
