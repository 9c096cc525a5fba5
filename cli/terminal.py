"""Terminal output of all commands: data on standard output, the rest on standard error."""

import errno
import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
)

from lib.times import format_time

# Ten years. For longer, use a token or URL that does not expire.
MAX_DAYS = 3650
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation")]
DaysOption = Annotated[
    int | None,
    typer.Option("--days", min=1, max=MAX_DAYS, help="Days until it expires; never by default"),
]

# Exit code for wrong use.
WRONG_USE = 2


def print_json(document: Any) -> None:
    """Prints a JSON document on one line, with times as the API has them."""
    typer.echo(json.dumps(document, default=format_time))


def show(text: RenderableType, *, beside: Progress | None = None) -> None:
    """Prints a text or a table for people; brackets in quoted text are not markup.

    A text that is printed while a progress bar is shown has to be given the bar.
    """
    is_drawn = beside is not None and not beside.disable and sys.stdout.isatty()
    console = beside.console if beside and is_drawn else Console()
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def note(text: str, *, beside: Progress | None = None) -> None:
    """Prints a sentence that is not data; see `show` for `beside`."""
    is_drawn = beside is not None and not beside.disable and sys.stderr.isatty()
    console = beside.console if beside and is_drawn else Console(stderr=True)
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def confirm(question: str, *, yes: bool) -> None:
    """Aborts unless the user agrees or gave --yes; exit code 2 if there is no terminal to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        note(f"{question}\nNo terminal to answer at: use --yes")
        raise typer.Exit(WRONG_USE)
    typer.confirm(question, abort=True, err=True)


def progress(*columns: ProgressColumn, as_json: bool) -> Progress:
    """Builds a progress bar on the terminal; hidden if JSON goes to the same terminal."""
    threading.excepthook = _ignore_lost_terminal
    # Output beside the bar has to go through the bar's console: that of the output, if both are
    # shown at a terminal.
    console = Console(stderr=not sys.stdout.isatty())
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *(columns or [TaskProgressColumn(show_speed=True)]),
        console=console,
        transient=True,
        # Otherwise rich prints output beside the bar to standard error.
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not console.is_terminal or (as_json and sys.stdout.isatty()),
    )


def _ignore_lost_terminal(raised: threading.ExceptHookArgs) -> None:
    """Reports an error of a thread, except that the bar's terminal is gone.

    The main thread gets a signal then, and says what was done.
    """
    if not (isinstance(raised.exc_value, OSError) and raised.exc_value.errno == errno.EIO):
        threading.__excepthook__(raised)


def escape(text: str) -> str:
    """Escapes control characters of untrusted text, such as paths and errors."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def seconds(span: timedelta) -> int:
    """Returns a duration in whole seconds."""
    return span // timedelta(seconds=1)


def age(since: datetime) -> str:
    """Formats the time since then in the largest unit of which there are two: `3 h`."""
    elapsed = max(timedelta(), datetime.now(UTC) - since)
    for unit, length in (
        ("d", timedelta(days=1)),
        ("h", timedelta(hours=1)),
        ("min", timedelta(minutes=1)),
    ):
        if elapsed >= 2 * length:
            return f"{elapsed // length} {unit}"
    return f"{elapsed // timedelta(seconds=1)} s"
