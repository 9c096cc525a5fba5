"""Checks AWS before a deploy or a removal; deploy.js runs it and prints the result.

It reads {"stack", "stage", "region", "template", "abandon_messages"} as JSON from standard input,
and for a deploy "abandon_secrets" and "adopt" too; a removal of the stack deletes its secrets on
purpose.
"""

import json
import sys

import boto3

from infra.hooks import adoption, loss_guard, stale_notes
from lib.aws.sessions import open_session
from lib.errors import FanoutError
from lib.operations.stage_commands import StageCommands


def main() -> int:
    """Prints {"now", "after"} as JSON: texts to show at once, and after the deploy.

    If the deploy must stop, the exit code is 1 and the reason is on standard error.
    """
    given = json.load(sys.stdin)
    now: list[str] = []
    after: list[str] = []
    code = 0
    try:
        open_session(None)  # raises for an AWS configuration that sls did not read
        now += loss_guard.find_losses(given)
        if "adopt" in given:
            now += adoption.adopt_buckets(given)
            commands = StageCommands(given["stage"], given["region"])
            after += stale_notes.find_stale_notes(
                boto3.client("lambda"), commands, given["template"]
            )
    except FanoutError as error:
        print(error, file=sys.stderr)
        code = 1
    json.dump({"now": _join(now), "after": _join(after)}, sys.stdout)
    return code


def _join(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
