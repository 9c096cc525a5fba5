"""Checks AWS before a deploy or a removal; deploy.js runs it and prints the result.

It reads {"stack", "stage", "template", "abandon_messages"} as JSON from standard input, and for a
deploy "abandon_secrets" and "adopt" too: who removes the whole stack means its secrets as well.
"""

import json
import sys

import boto3

from infra.hooks import adoption, loss_guard, stale_notes
from lib.errors import FanoutError


def main() -> int:
    """Print {"now", "after"}: what to show at once, and what after the deploy.

    Exit code 1, and the reason on standard error, where the deploy must not go on.
    """
    given = json.load(sys.stdin)
    now: list[str] = []
    after: list[str] = []
    code = 0
    try:
        now += loss_guard.find_losses(given)
        if "adopt" in given:
            now += adoption.adopt_buckets(given)
            after += stale_notes.find_stale_notes(
                boto3.client("lambda"), given["stage"], given["template"]
            )
    except FanoutError as error:
        print(error, file=sys.stderr)
        code = 1
    json.dump({"now": _lines(now), "after": _lines(after)}, sys.stdout)
    return code


def _lines(said: list[str]) -> str:
    return "".join(f"{each}\n" for each in said)


if __name__ == "__main__":
    sys.exit(main())
