"""What the dead-letter commands have in common: the question before, the work, the report."""

from collections.abc import Callable
from functools import partial

import typer

from cli.terminal import age, confirm, escape, note, print_json, progress, show
from lib.operations.dead_letters import (
    DeadLetter,
    DlqResult,
    Filter,
    OnProgress,
    ReplaySource,
    count,
)

# Takes letters of a place: at most so many, telling of each few.
Act = Callable[[ReplaySource, int | None, OnProgress], DlqResult]


def format_dead_letter(name: str, letter: DeadLetter) -> str:
    """A letter for people, on two or three lines."""
    when = letter.failed_at or letter.sent_at
    attempts = f", attempts: {letter.attempts}" if letter.attempts else ""
    error = f"\n    {escape(letter.error)}" if letter.error else ""
    return (
        f"{name}  {escape(letter.reason)}  {escape(letter.path) or '(names no path)'}\n"
        f"    {when:%Y-%m-%d %H:%M:%S %Z}, {age(when)} ago{attempts}{error}"
    )


def confirm_plan(
    doing: str,
    places: list[ReplaySource],
    wanted: Filter,
    limit: int | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> bool:
    """Whether to go on: asks, naming how many letters of each place are meant.

    On a dry run only says so. Does not count where nobody wants to know.
    """
    if yes and not dry_run:
        return True
    counts = {place.name: count(place.dlq, wanted) for place in places}
    if dry_run and as_json:
        for name, letters in counts.items():
            print_json({"size": name, "meant": letters})
        return False
    total = sum(counts.values())
    if not total:
        note("There are no such dead letters.")
        return False
    lines = [f"  {name}: {letters:,}" for name, letters in counts.items() if letters]
    most = f", of these at most {limit:,}" if limit is not None and limit < total else ""
    what = f"{doing}{most}:\n" + "\n".join(lines)
    if dry_run:
        show(what)
    else:
        confirm(f"{what}\nGo on?", yes=yes)
    return not dry_run


def apply(
    done: str, places: list[ReplaySource], act: Act, limit: int | None, *, as_json: bool
) -> None:
    """Do it place by place and say what became of it; exit 1 where letters were refused."""
    well = True
    for place in places:
        with progress(as_json=as_json) as bar:
            task = bar.add_task(place.name, total=limit)
            tally = act(place, limit, partial(bar.advance, task))
        if limit is not None:
            limit -= tally.taken
        if as_json:
            print_json({"size": place.name, done: tally.taken} | _rest(tally))
        else:
            show(f"{place.name}: {done} {tally.taken:,}")
        if tally.refused:
            note(f"{place.name}: SQS refused {tally.refused:,}, which are still there: again")
        if not tally.complete:
            note(f"{place.name}: there are more than SQS shows at once: run again")
        well = well and tally.complete and not tally.refused
        if limit == 0:
            break
    if not well:
        raise typer.Exit(1)


def _rest(tally: DlqResult) -> dict[str, int | bool]:
    return {"left": tally.left, "refused": tally.refused, "complete": tally.complete}
