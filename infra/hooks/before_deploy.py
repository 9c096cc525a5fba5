"""Checks AWS before a deploy or a removal; deploy.js runs it and prints the result.

It reads {"stack", "stage", "region", "template", "abandon_messages"} as JSON from standard input,
and for a deploy "abandon_secrets" and "adopt" too; a removal of the stack deletes its secrets on
purpose.
"""

import json
import sys
from typing import Any

import boto3

from infra.hooks import (
    adoption,
    loss_guard,
    originals,
    stale_notes,
    subscription_filters,
    viewer_keys,
)
from lib.aws.sessions import open_session
from lib.errors import FanoutError
from lib.operations.stage_commands import StageCommands


def main() -> int:
    """Prints {"now", "after", "template", "was_private"} as JSON.

    The first two are lines to show at once, and after the deploy. The template has what the deploy
    adds to it; `was_private` is true for a stage that is private no longer. If the deploy must
    stop, the exit code is 1, and the lines and the reason are on standard error.
    """
    given = json.load(sys.stdin)
    now: list[str] = []
    try:
        result = _check(given, now)
    except FanoutError as error:
        print(*now, error, sep="\n", file=sys.stderr)
        return 1
    json.dump(result, sys.stdout)
    return 0


def _check(given: dict[str, Any], now: list[str]) -> dict[str, Any]:
    """Returns what `main` prints; appends to `now` until an error stops the deploy."""
    open_session(None)  # raises for an AWS configuration that sls did not read
    cloudformation = boto3.client("cloudformation")
    stack, template = given["stack"], given["template"]
    after = []
    removed = loss_guard.find_removed(cloudformation, stack, template)
    now += loss_guard.find_losses(given, removed)
    if "adopt" in given:
        now += originals.prepare(given)
        now += adoption.adopt_buckets(given)
        commands = StageCommands(given["stage"], given["region"])
        after = stale_notes.find_stale_notes(boto3.client("lambda"), commands, template)
        subscription_filters.keep(cloudformation, stack, template)
        if viewer_keys.is_private(template):
            viewer_keys.add_keys(boto3.client("secretsmanager"), template)
    else:
        now += originals.disconnect(given)
    was_private = viewer_keys.becomes_public(removed)
    return {"now": now, "after": after, "template": template, "was_private": was_private}


if __name__ == "__main__":
    sys.exit(main())
