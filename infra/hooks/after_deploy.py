"""Does the last steps of a deploy or a removal; deploy.js runs it and prints what was done.

It reads {"stack", "stage", "region", "template", "was_private"} as JSON from standard input.
"""

import json
import sys
from typing import Any

import boto3

from infra.delivery.viewers import secret_name
from infra.hooks import originals, viewer_keys
from lib.auth.viewer_keys import TEMPLATE_METADATA
from lib.aws import secrets as secret_store
from lib.aws.sessions import open_session
from lib.aws.stacks import find_outputs
from lib.errors import ConfigError, FanoutError
from lib.operations.stage_commands import StageCommands
from lib.plurals import pluralize


def main() -> int:
    """Prints what was done; if that failed, the exit code is 1 and the reason on standard error."""
    given = json.load(sys.stdin)
    try:
        open_session(None)  # raises for an AWS configuration that sls did not read
        if viewer_keys.is_private(given["template"]):
            print(_finish_viewer_keys(given), end="")
        elif given["was_private"]:
            print(_delete_viewer_keys(given["stack"]), end="")
        for line in originals.connect(given):
            print(line)
    except FanoutError as error:
        print(
            f"The deploy is done, but not its last step: {error}\nDeploy again to finish.",
            file=sys.stderr,
        )
        return 1
    return 0


def _finish_viewer_keys(given: dict[str, Any]) -> str:
    """Lets new viewer keys of a private stage sign; returns a text about them."""
    outputs = find_outputs(boto3.client("cloudformation"), given["stack"])
    if outputs is None:
        raise ConfigError(f"There is no stack {given['stack']}")
    metadata = given["template"]["Metadata"][TEMPLATE_METADATA]
    signs_from = viewer_keys.finish(
        boto3.client("secretsmanager"), metadata["Secret"], metadata["KmsKeyId"], outputs
    )
    if signs_from is None:
        return ""
    commands = StageCommands(given["stage"], given["region"])
    return (
        f"The new viewer key signs from {signs_from:%H:%M} UTC, once CloudFront has it everywhere. "
        "URLs and cookies of the previous one work until the next rotation is deployed:\n"
        f"  {commands.fanout('viewer-key rotate')}\n"
    )


def _delete_viewer_keys(stack: str) -> str:
    """Has the secret of a stage deleted that is private no longer; returns a text about it."""
    secret = secret_name(stack)
    days = secret_store.schedule_deletion(boto3.client("secretsmanager"), secret)
    if days is None:
        return ""
    delay = pluralize(days, "day")
    return f"Secrets Manager deletes {secret} in {delay}, and charges nothing.\n"


if __name__ == "__main__":
    sys.exit(main())
