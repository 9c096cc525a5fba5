"""The commands of the local stack: up, down and demo."""

import argparse
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lib.errors import ConfigError, FanoutError
from local import exclusive
from local.processes import parse_port
from local.setup import PROJECT

if TYPE_CHECKING:
    from local.stack import DeployedStack, LocalDeployment

_CACHE = PROJECT / ".cache"
_LOCK = _CACHE / "local.lock"
# Options of sls deploy that would take it away from the local stack.
_FIXED_OPTIONS = ("--stage", "-s", "--region", "-r", "--aws-profile")


def run(given: Sequence[str]) -> int:
    """Runs one command; returns 0, or 1 after printing the cause of a failure."""
    arguments = _make_parser().parse_args(given)
    console = Console()
    try:
        if arguments.command == "down":
            _down(console)
        else:
            port, cdn_port = _parse_ports(arguments.port, arguments.cdn_port)
            with exclusive.hold(_LOCK):
                if arguments.command == "up":
                    _up(console, port, cdn_port, _check_options(arguments.options))
                else:
                    _demo(console, port, cdn_port)
    except FanoutError as error:
        return _fail(str(error))
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _fail(f"The local stack cannot go on: {error.strerror or error}{where}")
    except (BotoCoreError, ClientError) as error:
        return _fail(f"The local stack failed; .local/emulator.log may say why: {error}")
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("down", help="stop the stack")
    for name in ("up", "demo"):
        command = commands.add_parser(name)
        command.add_argument("--port", default="0", help="port of the emulator; 0: a free one")
        command.add_argument("--cdn-port", default="0", help="port of the CDN; 0: a free one")
        if name == "up":
            command.add_argument("options", nargs="*", help="options of sls deploy, after --")
    return parser


def _parse_ports(port: str, cdn_port: str) -> tuple[int, int]:
    ports = parse_port("PORT", port), parse_port("CDN_PORT", cdn_port)
    if ports[0] and ports[0] == ports[1]:
        raise ConfigError(f"PORT and CDN_PORT are both {port}: choose two different ports")
    return ports


def _check_options(options: list[str]) -> list[str]:
    for option in options:
        if option.partition("=")[0] in _FIXED_OPTIONS:
            raise ConfigError(
                f"ARGS: {option}: make local deploys stage local to this machine; for another "
                "stage, type npx sls deploy"
            )
    return options


def _fail(message: str) -> int:
    # No markup: an error may quote [user input].
    Console(stderr=True).print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    return 1


def _open_deployment() -> "LocalDeployment":
    # boto3, which takes most of the imports' time: a refused command does without.
    from local.stack import LocalDeployment  # noqa: PLC0415

    return LocalDeployment()


def _down(console: Console) -> None:
    with exclusive.interrupt_and_hold(_LOCK) as has_interrupted:
        ran = _open_deployment().down()
    console.print("Stopped." if ran or has_interrupted else "Nothing was running.")


def _up(console: Console, port: int, cdn_port: int, options: list[str]) -> None:
    """Starts the stack and keeps it running; stops it after a failure if this call started it."""
    local = _open_deployment()
    with _stopped_unless_running(local, only_after_failure=True) as was_running:
        _deploy(console, local, port, cdn_port, options)
        local.release()
    console.print(
        "Addresses: .local/stack.json. To use it in a shell: . .local/env. To stop: make stop",
        soft_wrap=True,
    )
    if not was_running:
        console.print(
            "The addresses are new: a shell that read .local/env before must read it again.",
            soft_wrap=True,
        )


def _demo(console: Console, port: int, cdn_port: int) -> None:
    """Runs the demo; stops the stack afterwards, unless it was already running."""
    from local import demo  # noqa: PLC0415
    from local.photos import photos  # noqa: PLC0415

    local = _open_deployment()
    with _stopped_unless_running(local) as was_running:
        with _alive(console, "Fetching photographs"):
            files = photos(_CACHE / "photos")
        stack = _deploy(console, local, port, cdn_port, [])
        demo.show(console, stack, files, local.state / "tmp")
    if not was_running:
        console.print("Stopped the stack.")


@contextmanager
def _stopped_unless_running(
    local: "LocalDeployment", *, only_after_failure: bool = False
) -> Iterator[bool]:
    """Stops the stack at the end of the block if it ran not yet at its beginning."""
    was_running = local.is_running()
    try:
        yield was_running
    except BaseException:
        if not was_running:
            local.down()
        raise
    if not was_running and not only_after_failure:
        local.down()


def _deploy(
    console: Console, local: "LocalDeployment", port: int, cdn_port: int, options: list[str]
) -> "DeployedStack":
    started = time.monotonic()
    with _alive(console, shlex.join(["Deploying", *options])):
        stack = local.up(
            lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
            port,
            cdn_port,
            options,
        )
    console.print(f"Ready in {time.monotonic() - started:.0f} s.")
    return stack


@contextmanager
def _alive(console: Console, text: str) -> Iterator[None]:
    """Shows on a terminal that work goes on, and for how long it has."""
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        progress.add_task(text, total=None)
        yield
