"""Starts ministack, the emulator of AWS that the local stack is deployed to."""

import sys
from pathlib import Path
from typing import Any

import boto3

from local.processes import Processes, clean_environment

# The emulator's root key, valid with any secret. Policies apply to all other identities.
ROOT_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
NAME = "emulator"
REGION = "us-east-1"


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
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app"]
    processes.start(NAME, [*command, "--bind", f"127.0.0.1:{port}"], port, environment)


def client(endpoint: str, region: str, service: Any) -> Any:
    """Returns a boto3 client of the emulator, as its root user."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=ROOT_KEY["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_KEY["AWS_SECRET_ACCESS_KEY"],
    )
