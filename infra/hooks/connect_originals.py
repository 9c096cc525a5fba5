"""Adds the notification of a bucket that exists after a deploy, or removes it; deploy.js runs it.

It reads the same JSON as `before_deploy` from standard input.
"""

import json
import sys

from infra.hooks import originals
from lib.aws.sessions import open_session
from lib.errors import FanoutError


def main() -> int:
    """Prints lines on what changed; exit code 1 and the reason on standard error if it failed."""
    given = json.load(sys.stdin)
    try:
        open_session(None)  # raises for an AWS configuration that sls did not read
        for line in originals.connect(given):
            print(line)
    except FanoutError as error:
        print(f"{error}\nThe stack is deployed; deploy again to finish.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
