"""`fanout dlq …`: what could not be rendered, and why; replayed or purged."""

from contextlib import closing
from dataclasses import asdict
from itertools import islice
from typing import Annotated

import typer
from rich.table import Table

from cli.dlq_actions import apply, confirm_plan, format_dead_letter
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import YesOption, age, escape, note, print_json
from cli.terminal import show as show_
from lib.operations.dead_letters import (
    SHARED,
    DlqKind,
    DlqResult,
    Filter,
    OnProgress,
    RecordCleaner,
    ReplaySource,
    find_sources,
    read_all,
    summarize,
)

app = typer.Typer(
    help="See, replay and purge dead letters: messages that were given up on.",
    no_args_is_help=True,
)

SizeOption = Annotated[
    list[str] | None, typer.Option("--size", help="Only this size; can be said again")
]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only letters of this reason")]
PrefixOption = Annotated[str, typer.Option("--prefix", help="Only paths that begin like this")]
QueueOption = Annotated[
    DlqKind,
    typer.Option(
        "--queue", help="What workers, SNS, or the function that purges or fetches gave up on"
    ),
]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many in all")]
RateOption = Annotated[int | None, typer.Option("--rate", min=1, help="At most so many a second")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done")]


@app.command("list")
def list_(
    *,
    stage: StageOption,
    size: SizeOption = None,
    reason: ReasonOption = None,
    prefix: PrefixOption = "",
    queue: QueueOption = DlqKind.DLQ,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count dead letters by size and reason, with the age of the oldest.

    Example: ./fanout dlq list --stage prod --size 400x300
    """
    table = Table("size", "reason", "letters", "oldest")
    for place in _places(Stage(stage, region), queue, size):
        summary = summarize(place.dlq, Filter(reason, prefix))
        if as_json:
            told = {"size": place.name, "queue": queue, "letters": summary.letters}
            print_json(told | asdict(summary))
        for each, group in sorted(summary.reasons.items()):
            table.add_row(place.name, escape(each), f"{group.letters:,}", age(group.oldest))
        if summary.in_flight:
            note(
                f"{place.name}: about {summary.in_flight:,} more are in other hands (another "
                "list or replay): look again in five minutes"
            )
        if not summary.complete:
            note(f"{place.name}: there are more than SQS shows at once; these are the first")
    if not as_json:
        show_(table if table.row_count else "No dead letters.")


@app.command()
def show(
    *,
    stage: StageOption,
    size: SizeOption = None,
    reason: ReasonOption = None,
    prefix: PrefixOption = "",
    queue: QueueOption = DlqKind.DLQ,
    limit: LimitOption = None,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show dead letters one by one: path, reason, error, attempts, time.

    Example: ./fanout dlq show --stage prod --reason truncated --limit 20
    """
    places = _places(Stage(stage, region), queue, size)
    with closing(read_all(places, Filter(reason, prefix))) as letters:
        for name, letter in islice(letters, limit):
            if as_json:
                told = asdict(letter)
                del told["receipt_handle"]
                print_json({"queue": queue, **told, "size": name})
            else:
                show_(format_dead_letter(name, letter))


@app.command()
def replay(
    *,
    stage: StageOption,
    size: SizeOption = None,
    reason: ReasonOption = None,
    prefix: PrefixOption = "",
    queue: QueueOption = DlqKind.DLQ,
    limit: LimitOption = None,
    rate: RateOption = None,
    region: RegionOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Send dead letters to their queue again, to be tried like new; none can get lost.

    Example: ./fanout dlq replay --stage prod --reason SlowDown --rate 20
    """
    wanted = Filter(reason, prefix)
    places = _places(Stage(stage, region), queue, size)

    def send(place: ReplaySource, most: int | None, tell: OnProgress) -> DlqResult:
        return place.dlq.replay(place.queue_url, wanted, limit=most, rate=rate, on_progress=tell)

    if confirm_plan(
        f"Replay on {stage}", places, wanted, limit, dry_run=dry_run, yes=yes, as_json=as_json
    ):
        apply("replayed", places, send, limit, as_json=as_json)


@app.command()
def purge(
    *,
    stage: StageOption,
    size: SizeOption = None,
    reason: ReasonOption = None,
    prefix: PrefixOption = "",
    queue: QueueOption = DlqKind.DLQ,
    limit: LimitOption = None,
    rate: RateOption = None,
    region: RegionOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete dead letters for good, and what status says of them: photos stay without variants.

    Example: ./fanout dlq purge --stage prod --reason malformed_event
    """
    wanted = Filter(reason, prefix)
    at = Stage(stage, region)
    places = _places(at, queue, size)
    s3, bucket = at.client("s3"), at.stack.outputs["FailuresBucketName"]

    def delete(place: ReplaySource, most: int | None, tell: OnProgress) -> DlqResult:
        forget = RecordCleaner(s3, bucket, place.name, place.dlq.kind).clear
        return place.dlq.purge(wanted, limit=most, rate=rate, on_progress=tell, on_deleted=forget)

    doing = f"Delete for good on {stage}"
    if confirm_plan(doing, places, wanted, limit, dry_run=dry_run, yes=yes, as_json=as_json):
        apply("purged", places, delete, limit, as_json=as_json)


def _places(stage: Stage, kind: DlqKind, sizes: list[str] | None) -> list[ReplaySource]:
    if sizes and kind in SHARED:
        raise typer.BadParameter(f"--queue {kind} is one for all sizes: leave --size out")
    return find_sources(stage.client("sqs"), stage.stack, kind, stage.chosen_sizes(sizes))
