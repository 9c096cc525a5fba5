"""`./fanout COMMAND --stage X`: exit code 0, 1 (did not succeed) or 2 (wrong use)."""

import sys

import typer
from rich.console import Console

from lib.errors import FanoutError

app = typer.Typer(
    name="fanout",
    help="See, replay, fill and repair one stage of Image Fan-out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)


def main() -> int:
    """Run one command; a failure is a sentence, not a traceback."""
    try:
        app()
    except FanoutError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted.", style="red")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
