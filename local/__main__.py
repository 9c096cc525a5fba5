"""The door of the local stack: `make local`, `make stop` and `make demo` come in here."""

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
    """Run one command: exit code 0, or 1 with a sentence about what went wrong."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "demo"])
    parser.add_argument("--port", type=int, default=0, help="of the emulator; a free one if 0")
    parser.add_argument("--cdn-port", type=int, default=0, help="of the CDN; a free one if 0")
    given = parser.parse_args()
    console = Console()
    # Being asked to stop ends like Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if given.command == "down":
            ran = LocalDeployment().down()
            console.print("Stopped." if ran else "Nothing was running.")
        elif given.command == "up":
            _up(console, given.port, given.cdn_port)
        else:
            _demo(console, given.port, given.cdn_port)
    except FanoutError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted.", style="red")
        return 130
    return 0


def _up(console: Console, port: int, cdn_port: int) -> None:
    """Bring the stack up and leave it running; what this call started ends if it fails."""
    local = LocalDeployment()
    was_running = local.is_running()
    try:
        stack = _deployed(console, local, port, cdn_port)
    except BaseException:
        if not was_running:
            local.down()
        raise
    console.print(f"api  {stack.api}\ncdn  {stack.cdn}", soft_wrap=True)
    console.print("Addresses: .local/stack.json. By hand: . .local/env. To end: make stop")


def _demo(console: Console, port: int, cdn_port: int) -> None:
    """The demonstration; a stack that was not running before it is stopped after it."""
    local = LocalDeployment()
    was_running = local.is_running()
    try:
        with console.status("Fetching photographs"):
            pictures = photos(_CACHE / "photos")
        stack = _deployed(console, local, port, cdn_port)
        demo.show(console, stack, pictures, local.state / "tmp")
    finally:
        if not was_running:
            local.down()
            console.print("Stopped the stack.")


def _deployed(console: Console, local: LocalDeployment, port: int, cdn_port: int) -> DeployedStack:
    with console.status("Starting") as status:

        def tell(text: str) -> None:
            console.print(text)
            status.update(text)

        return local.up(tell, port, cdn_port)


if __name__ == "__main__":
    sys.exit(main())
