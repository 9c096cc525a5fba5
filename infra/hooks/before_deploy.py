"""Checks AWS before a deploy or a removal; deploy.js runs it and prints the result.

It reads {"stack", "stage", "region", "template", "abandon_messages"} as JSON from standard input,
and for a deploy "abandon_secrets" and "adopt" too; a removal of the stack deletes its secrets on
purpose.
"""

import json
import sys
from typing import Any

import boto3

from infra.hooks import adoption, kept_filters, loss_guard, originals, stale_notes, viewer_keys
from lib.aws.sessions import open_session
from lib.errors import FanoutError
from lib.operations.stage_commands import StageCommands


def main() -> int:
    """Prints {"now", "after", "properties"} as JSON.

    The first two are texts to show at once, and after the deploy; the last has properties to add to
    the template's resources, by their logical id. For a private stage, "template" is the template
    with its public keys; "was_private" is true for one that is private no longer. If the deploy
    must stop, the exit code is 1 and the reason is on standard error.
    """
    given = json.load(sys.stdin)
    now: list[str] = []
    after: list[str] = []
    properties: dict[str, Any] = {}
    code = 0
    answer: dict[str, Any] = {}
    try:
        open_session(None)  # raises for an AWS configuration that sls did not read
        removed = loss_guard.find_removed(
            boto3.client("cloudformation"), given["stack"], given["template"]
        )
        if viewer_keys.becomes_public(removed):
            answer["was_private"] = True
        now += loss_guard.find_losses(given, removed)
        if "adopt" in given:
            now += originals.prepare(given)
            now += adoption.adopt_buckets(given)
            commands = StageCommands(given["stage"], given["region"])
            after += stale_notes.find_stale_notes(
                boto3.client("lambda"), commands, given["template"]
            )
            properties = kept_filters.find_kept_filters(
                boto3.client("cloudformation"), given["stack"], given["template"]
            )
            if viewer_keys.is_private(given["template"]):
                viewer_keys.add_keys(boto3.client("secretsmanager"), given["template"])
                answer["template"] = given["template"]
        else:
            now += originals.disconnect(given)
    except FanoutError as error:
        print(error, file=sys.stderr)
        code = 1
    texts = {"now": _join(now), "after": _join(after)}
    json.dump({**texts, "properties": properties, **answer}, sys.stdout)
    return code


def _join(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
