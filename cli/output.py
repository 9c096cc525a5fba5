"""How commands speak: what was asked for on standard output, all else on standard error."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

OUT = Console(highlight=False, markup=False, soft_wrap=True)
ERR = Console(highlight=False, markup=False, soft_wrap=True, stderr=True)


def print_json(document: dict[str, Any]) -> None:
    """One document on a line of its own, for programs; times in ISO 8601."""
    typer.echo(json.dumps(document, default=lambda value: value.isoformat()))


def shown(text: str) -> str:
    """The text on one line of a terminal: what would move the cursor or change colours is escaped.

    Paths and errors are other people's words.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


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


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar while the block runs, if somebody watches; call what it gives with each few done."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)


def confirm(what: str, *, yes: bool) -> None:
    """Ask before `what` happens, unless `yes` was given; without a terminal to ask at, exit 2."""
    if yes:
        return
    if not sys.stdin.isatty():
        ERR.print(f"{what}\nThere is no terminal to ask at: say --yes to do it")
        raise typer.Exit(2)
    typer.confirm(f"{what}\nGo on?", abort=True, err=True)
