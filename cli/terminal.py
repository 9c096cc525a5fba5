"""What commands share on the screen: data on standard output, all else on standard error."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

# Ten years: for longer, a token or URL that does not expire says it better.
MAX_DAYS = 3650
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask")]
DaysOption = Annotated[
    int | None,
    typer.Option("--days", min=1, max=MAX_DAYS, help="Let it expire after so many days"),
]

# Of exit codes: what was asked for cannot be done like this.
WRONG_USE = 2


def print_json(document: Any) -> None:
    """One JSON document on a line of its own; times in ISO 8601."""
    typer.echo(json.dumps(document, default=lambda value: value.isoformat()))


def show(what: RenderableType) -> None:
    """A text or a table for people, as it is: brackets in other people's words are no markup."""
    Console(highlight=False, markup=False, soft_wrap=True).print(what)


def note(text: str) -> None:
    """A sentence for the person, which is no data."""
    Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if a person agrees, or has with --yes; exit code 2 where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        note(f"{question}\nThere is no terminal to answer at: say --yes")
        raise typer.Exit(WRONG_USE)
    typer.confirm(question, abort=True, err=True)


def progress(*, as_json: bool) -> Progress:
    """A bar on standard error; none where lines of JSON are printed on the same screen."""
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        console=console,
        transient=True,
        # Rich would move what is printed beside the bar from standard output to its own.
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not console.is_terminal or (as_json and sys.stdout.isatty()),
    )


def escape(text: str) -> str:
    """The text on one line of a terminal: what would move the cursor or change colours is escaped.

    Paths and errors are other people's words.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def seconds(span: timedelta) -> int:
    """A span in whole seconds."""
    return span // timedelta(seconds=1)


def age(since: datetime) -> str:
    """How long ago that was, in the largest unit that has more than one: `3 h`."""
    passed = max(timedelta(), datetime.now(UTC) - since)
    for unit, length in (
        ("d", timedelta(days=1)),
        ("h", timedelta(hours=1)),
        ("min", timedelta(minutes=1)),
    ):
        if passed >= 2 * length:
            return f"{passed // length} {unit}"
    return f"{passed // timedelta(seconds=1)} s"
