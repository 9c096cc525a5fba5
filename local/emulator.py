"""ministack, the emulator of AWS that the local stack is deployed to."""

import sys
from pathlib import Path

from local.processes import Processes, clean_environment

# The emulator's root key: it passes with any secret. Everybody else is held to their policies.
ROOT_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
NAME = "emulator"


def start(processes: Processes, state: Path, port: int, *, checks: bool = True) -> None:
    """Start it on 127.0.0.1, with the checks of policies and signatures on unless told otherwise.

    A proxy in front of it changes what was signed.
    """
    scratch = state / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    environment = (
        clean_environment()
        | ROOT_KEY
        | {
            # Roles, bucket policies, presigned signatures and authorizers count.
            "AUTH": str(checks).lower(),
            # Where its Lambda workers find it again.
            "GATEWAY_PORT": str(port),
            # The workers' unpacked zips go with the stack.
            "TMPDIR": str(scratch),
        }
    )
    # By itself it would listen on every network of the machine.
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app"]
    processes.start(NAME, [*command, "--bind", f"127.0.0.1:{port}"], port, environment)
