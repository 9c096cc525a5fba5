"""Terminal output of all commands: data on standard output, the rest on standard error."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

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


def show(text: RenderableType) -> None:
    """Prints a text or a table for people; brackets in quoted text are not markup."""
    Console(highlight=False, markup=False, soft_wrap=True).print(text)


def note(text: str) -> None:
    """Prints a sentence that is not data."""
    Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def confirm(question: str, *, yes: bool) -> None:
    """Aborts unless the user agrees or gave --yes; exit code 2 if there is no terminal to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        note(f"{question}\nNo terminal to answer at: use --yes")
        raise typer.Exit(WRONG_USE)
    typer.confirm(question, abort=True, err=True)


def progress(*, as_json: bool) -> Progress:
    """Builds a progress bar on standard error; hidden if JSON goes to the same terminal."""
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        console=console,
        transient=True,
        # Otherwise rich prints output beside the bar to standard error.
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not console.is_terminal or (as_json and sys.stdout.isatty()),
    )


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
