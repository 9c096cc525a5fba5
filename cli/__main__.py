"""`./fanout COMMAND --stage X`: exit code 0, 1 (did not succeed) or 2 (wrong use)."""

import os
import sys
import tomllib
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console

from cli.commands import CommandGroup
from cli.compiled import PROJECT
from cli.completion import VARIABLE, ShowCompletionOption, prepare_completion
from lib.errors import FanoutError
from lib.interrupts import raised_for_signals

# Exit code after a signal, as shells report Ctrl-C.
_INTERRUPTED = 130

app = typer.Typer(
    name="fanout",
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # cli/completion.py has its own scripts.
    add_completion=False,
    # Boxes would cut words at 80 columns.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_given: bool) -> None:
    if is_given:
        project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
        typer.echo(f"fanout {project['version']}")
        raise typer.Exit


@app.callback()
def fanout(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version"),
    ] = False,
    show_completion: ShowCompletionOption = None,
) -> None:
    """Operate one stage of Image Fan-out: check it, repair it, upload to it."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command, by default the one of sys.argv; prints a FanoutError as a sentence.

    Raises SystemExit, with the exit code, if the command ends by itself.
    """
    try:
        prepare_completion()
        with raised_for_signals():
            app(arguments, prog_name="./fanout", complete_var=VARIABLE)
    except FanoutError as error:
        # No markup: an error may quote [user input].
        Console(stderr=True).print(
            str(error), style="red", highlight=False, markup=False, soft_wrap=True
        )
        return 1
    except KeyboardInterrupt:
        return _end_interrupted()
    except SystemExit as end:
        # Typer ends a command that raises KeyboardInterrupt so, without a word.
        if end.code == _INTERRUPTED:
            _end_interrupted()
        raise
    return 0


def _end_interrupted() -> int:
    # The signal may have come because the terminal is gone.
    with suppress(OSError):
        Console(stderr=True).print("Interrupted.", style="red")
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # Otherwise the interpreter tries again when it ends, and exits with a code of its own.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
