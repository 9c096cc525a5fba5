"""Starts ministack, the emulator of AWS that the local stack is deployed to."""

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.aws.sessions import open_isolated_session
from local.processes import Processes, clean_environment

if TYPE_CHECKING:
    import boto3

# The emulator's root key, valid with any secret. Policies apply to all other identities.
ROOT_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
NAME = "emulator"
REGION = "us-east-1"
_PROCESS = Path(__file__).with_name("emulator_process.py")


def start(processes: Processes, state: Path, port: int, *, checks: bool = True) -> None:
    """Starts the emulator on 127.0.0.1.

    `checks` enforces policies and signatures; a proxy in front of the emulator breaks signatures.
    """
    scratch = state / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    environment = (
        clean_environment()
        | ROOT_KEY
        | {
            # Enforces roles, bucket policies, presigned signatures and authorizers.
            "AUTH": str(checks).lower(),
            # The MQTT listener would be open to every network of the machine.
            "IOT_MTLS_ENABLED": "false",
            # The Lambda workers call the emulator at this port.
            "GATEWAY_PORT": str(port),
            # The workers' unpacked zips are deleted with the stack.
            "TMPDIR": str(scratch),
        }
    )
    # By default the emulator listens on every network of the machine.
    # Without workers, one process serves: killed, it leaves none that holds the port.
    command = [sys.executable, "-P", str(_PROCESS), "ministack.app:app", "--workers", "0"]
    processes.start(NAME, [*command, "--bind", f"127.0.0.1:{port}"], port, environment)


def client(endpoint: str, region: str, service: Any) -> Any:
    """Returns a boto3 client of the emulator, as its root user."""
    return _open_session(region).client(service, endpoint_url=endpoint)


@cache
def _open_session(region: str) -> "boto3.Session":
    """Returns one session for all clients: each session parses botocore's models again."""
    return open_isolated_session(
        ROOT_KEY["AWS_ACCESS_KEY_ID"], ROOT_KEY["AWS_SECRET_ACCESS_KEY"], region
    )
