"""Entry point of the local stack: `make local`, `make stop` and `make demo`."""

import argparse
import signal
import sys

from rich.console import Console

from lib.errors import FanoutError
from local import demo
from local.photos import photos
from local.stack import PROJECT, DeployedStack, LocalDeployment

_CACHE = PROJECT / ".cache"


def main() -> int:
    """Runs one command; returns 0, or 1 after printing the cause of a failure."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "demo"])
    parser.add_argument(
        "--port", type=int, default=0, help="port of the emulator; 0 selects a free one"
    )
    parser.add_argument(
        "--cdn-port", type=int, default=0, help="port of the CDN; 0 selects a free one"
    )
    arguments = parser.parse_args()
    console = Console()
    # SIGTERM ends like Ctrl-C, so that the servers are stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments.command == "down":
            ran = LocalDeployment().down()
            console.print("Stopped." if ran else "Nothing was running.")
        elif arguments.command == "up":
            _up(console, arguments.port, arguments.cdn_port)
        else:
            _demo(console, arguments.port, arguments.cdn_port)
    except FanoutError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted.", style="red")
        return 130
    return 0


def _up(console: Console, port: int, cdn_port: int) -> None:
    """Starts the stack and keeps it running; stops it after a failure if this call started it."""
    local = LocalDeployment()
    was_running = local.is_running()
    try:
        stack = _deploy(console, local, port, cdn_port)
    except BaseException:
        if not was_running:
            local.down()
        raise
    console.print(f"api  {stack.api}\ncdn  {stack.cdn}", soft_wrap=True)
    console.print(
        "Addresses: .local/stack.json. To use it in a shell: . .local/env. To stop: make stop"
    )


def _demo(console: Console, port: int, cdn_port: int) -> None:
    """Runs the demo; stops the stack afterwards, unless it was already running."""
    local = LocalDeployment()
    was_running = local.is_running()
    try:
        with console.status("Fetching photographs"):
            files = photos(_CACHE / "photos")
        stack = _deploy(console, local, port, cdn_port)
        demo.show(console, stack, files, local.state / "tmp")
    finally:
        if not was_running:
            local.down()
            console.print("Stopped the stack.")


def _deploy(console: Console, local: LocalDeployment, port: int, cdn_port: int) -> DeployedStack:
    with console.status("Starting") as status:

        def report(text: str) -> None:
            console.print(text)
            status.update(text)

        return local.up(report, port, cdn_port)


if __name__ == "__main__":
    sys.exit(main())
