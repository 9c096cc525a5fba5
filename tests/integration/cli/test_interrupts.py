"""Ctrl-C while AWS does not answer: each command ends at once, with one sentence."""

import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.__main__ import app, main
from tests.forked import FORKS, PROJECT, Forked

pytestmark = FORKS
# They do not call AWS.
OFFLINE = {("deploy-policy",), ("plan",), ("contact-sheet",), ("sizes", "check")}


def examples(group: Any, *names: str) -> Iterator[list[str]]:
    """The example in the help of each command that calls AWS."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from examples(command, *names, name)
        elif (*names, name) not in OFFLINE:
            (example,) = re.findall(r"Example: \./fanout (.+)", command.help)
            yield shlex.split(example)


EXAMPLES = list(examples(typer.main.get_command(app)))


@pytest.fixture
def silence() -> Iterator[socket.socket]:
    """A server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def environment(silence: socket.socket) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silence.getsockname()[1]}",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=" ".join)
def test_ctrl_c_while_aws_is_silent_ends_a_command(
    example: list[str], silence: socket.socket, tmp_path: Path
) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff")
    with Forked(main, example, folder=tmp_path, environment=environment(silence)) as process:
        connection, _ = silence.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            assert process.finish() == (130, "", "Interrupted.\n")


def test_it_ends_the_script_that_starts_commands(silence: socket.socket) -> None:
    with subprocess.Popen(
        [PROJECT / "fanout", "dlq", "list", "--stage", "dev"],
        env=os.environ | environment(silence),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        connection, _ = silence.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")
