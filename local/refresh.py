"""Adapts the local stack to what `sls deploy` just deployed; infra/hooks/deploy.js runs it.

It does the last steps of any deploy first: as a process of their own they would import the same
again. It reads what infra/hooks/after_deploy.py reads.
"""

import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.hooks import after_deploy
from lib.errors import FanoutError
from lib.operations.stage_commands import STATE
from local.stack import LocalDeployment


def main() -> int:
    """Prints what was done and the stack's addresses, or why it failed with exit code 1."""
    if code := after_deploy.main():
        return code
    try:
        stack = LocalDeployment(Path(os.environ[STATE]), Path.cwd()).refresh()
    except (FanoutError, OSError, BotoCoreError, ClientError) as error:
        print(f"The local stack failed; .local/emulator.log may say why: {error}", file=sys.stderr)
        return 1
    print(f"api  {stack.api}\ncdn  {stack.cdn}")
    if stack.console:
        print(f"console  {stack.console}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
