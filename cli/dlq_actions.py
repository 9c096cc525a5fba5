"""Steps that the commands on dead letters share: confirm, apply, report."""

from collections.abc import Callable
from functools import partial

import typer

from cli.terminal import age, confirm, escape, note, print_json, progress, show
from lib.dead_letters.letter import DeadLetter, Filter
from lib.dead_letters.queue import DlqResult, OnProgress
from lib.dead_letters.sources import ReplaySource
from lib.dead_letters.summary import count
from lib.plurals import pluralize

# Acts on up to a number of a source's dead letters, and reports its progress.
Action = Callable[[ReplaySource, int | None, OnProgress], DlqResult]


def format_dead_letter(name: str, letter: DeadLetter) -> str:
    """Formats a dead letter for people, on two or three lines."""
    when = letter.failed_at or letter.sent_at
    attempts = f", attempts: {letter.attempts}" if letter.attempts else ""
    error = f"\n    {escape(letter.error)}" if letter.error else ""
    return (
        f"{name}  {escape(letter.reason)}  {escape(letter.path) or '(no path)'}\n"
        f"    {when:%Y-%m-%d %H:%M:%S %Z}, {age(when)} ago{attempts}{error}"
    )


def confirm_plan(
    action: str,
    sources: list[ReplaySource],
    filter_: Filter,
    limit: int | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> bool:
    """Counts each source's dead letters and asks for confirmation; returns whether to act.

    A dry run only prints the counts. With `yes`, counts nothing.
    """
    if yes and not dry_run:
        return True
    counts = {source.name: count(source.dlq, filter_) for source in sources}
    if dry_run and as_json:
        for name, letters in counts.items():
            print_json({"size": name, "meant": letters})
        return False
    total = sum(counts.values())
    if not total:
        note("No dead letters match.")
        return False
    lines = [f"  {name}: {letters:,}" for name, letters in counts.items() if letters]
    at_most = f", at most {limit:,}" if limit is not None and limit < total else ""
    plan = f"{action}{at_most}:\n" + "\n".join(lines)
    if dry_run:
        show(plan)
    else:
        confirm(f"{plan}\nContinue?", yes=yes)
    return not dry_run


def apply(
    done: str, sources: list[ReplaySource], action: Action, limit: int | None, *, as_json: bool
) -> None:
    """Acts on one source after another and prints the results; exit code 1 if any remain."""
    succeeded = True
    for source in sources:
        with progress(as_json=as_json) as bar:
            task = bar.add_task(source.name, total=limit)
            result = action(source, limit, partial(bar.advance, task))
        if limit is not None:
            limit -= result.taken
        if as_json:
            print_json({"size": source.name, done: result.taken} | _get_rest(result))
        else:
            show(f"{source.name}: {done} {result.taken:,}")
        if result.refused:
            note(
                f"{source.name}: SQS refused {pluralize(result.refused, 'dead letter')}: run again"
            )
        if not result.complete:
            note(f"{source.name}: SQS returns no more at once; the queue has more: run again")
        succeeded = succeeded and result.complete and not result.refused
        if limit == 0:
            break
    if not succeeded:
        raise typer.Exit(1)


def _get_rest(result: DlqResult) -> dict[str, int | bool]:
    return {"left": result.left, "refused": result.refused, "complete": result.complete}
