"""`fanout dlq …`: lists, replays and purges dead letters."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from typing import Annotated

import typer
from rich.table import Table

from cli.dlq_actions import Action, apply, confirm_plan, format_dead_letter
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import YesOption, age, escape, note, print_json
from cli.terminal import show as show_
from lib.dead_letters.letter import DlqKind, Filter
from lib.dead_letters.queue import DlqResult, OnProgress
from lib.dead_letters.records import RecordCleaner
from lib.dead_letters.sources import SHARED, ReplaySource, find_sources, read_all
from lib.dead_letters.summary import summarize

app = typer.Typer(
    help="List, replay and purge dead letters.",
    no_args_is_help=True,
)

SizeOption = Annotated[
    list[str] | None, typer.Option("--size", help="Only this size; repeat it for more")
]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only this reason")]
PrefixOption = Annotated[str, typer.Option("--prefix", help="Only paths that start with this text")]
QueueOption = Annotated[
    DlqKind,
    typer.Option("--queue", help="Dead letters of the workers, SNS, invalidations or fetches"),
]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="Maximum in all")]
RateOption = Annotated[int | None, typer.Option("--rate", min=1, help="Maximum per second")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only print the plan")]


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
    """Count dead letters by size and reason.

    Shows the age of the oldest too.

    Example: ./fanout dlq list --stage prod --size 400x300
    """
    table = Table("size", "reason", "letters", "oldest")
    for source in _find_sources(Stage(stage, region), queue, size):
        summary = summarize(source.dlq, Filter(reason, prefix))
        if as_json:
            document = {"size": source.name, "queue": queue, "letters": summary.letters}
            print_json(document | asdict(summary))
        for each, group in sorted(summary.reasons.items()):
            table.add_row(source.name, escape(each), f"{group.letters:,}", age(group.oldest))
        if summary.in_flight:
            note(
                f"{source.name}: another list or replay has about {summary.in_flight:,} more: "
                "try again in five minutes"
            )
        if not summary.complete:
            note(f"{source.name}: SQS returns no more at once; the queue has more than these")
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
    """Show dead letters one by one.

    Each with its path, reason, error, attempts and time.

    Example: ./fanout dlq show --stage prod --reason truncated --limit 20
    """
    sources = _find_sources(Stage(stage, region), queue, size)
    with closing(read_all(sources, Filter(reason, prefix))) as letters:
        for name, letter in islice(letters, limit):
            if as_json:
                document = asdict(letter)
                del document["receipt_handle"]
                print_json({"queue": queue, **document, "size": name})
            else:
                show_(format_dead_letter(name, letter))


def _make_command(
    plan: str, done: str, make_action: Callable[[Stage, Filter, int | None], Action]
) -> Callable[..., None]:
    """Returns a command that asks, then takes dead letters out of their queues.

    `plan` and `done` name what it does; `make_action` gets the letters per second at most.
    """

    def command(
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
        target, filter_ = Stage(stage, region), Filter(reason, prefix)
        sources = _find_sources(target, queue, size)
        action = make_action(target, filter_, rate)
        if confirm_plan(
            f"{plan} on {stage}",
            sources,
            filter_,
            limit,
            dry_run=dry_run,
            yes=yes,
            as_json=as_json,
        ):
            apply(done, sources, action, limit, as_json=as_json)

    return command


def _replay(_target: Stage, filter_: Filter, rate: int | None) -> Action:
    def send(source: ReplaySource, limit: int | None, on_progress: OnProgress) -> DlqResult:
        return source.dlq.replay(
            source.queue_url, filter_, limit=limit, rate=rate, on_progress=on_progress
        )

    return send


def _purge(target: Stage, filter_: Filter, rate: int | None) -> Action:
    s3, bucket = target.client("s3"), target.stack.outputs["FailuresBucketName"]

    def delete(source: ReplaySource, limit: int | None, on_progress: OnProgress) -> DlqResult:
        clear = RecordCleaner(
            s3, bucket, source.name, source.dlq.kind, target.stack.originals
        ).clear
        return source.dlq.purge(
            filter_, limit=limit, rate=rate, on_progress=on_progress, on_deleted=clear
        )

    return delete


app.command(
    "replay",
    help="""Return dead letters to their source queue.

    Workers then try them again. None can get lost.

    Example: ./fanout dlq replay --stage prod --reason SlowDown --rate 20
    """,
)(_make_command("Replay", "replayed", _replay))
app.command(
    "purge",
    help="""Delete dead letters and their failure records for good.

    Their photos stay without variants.

    Example: ./fanout dlq purge --stage prod --reason malformed_event
    """,
)(_make_command("Delete for good", "purged", _purge))


def _find_sources(stage: Stage, kind: DlqKind, sizes: list[str] | None) -> list[ReplaySource]:
    if sizes and kind in SHARED:
        raise typer.BadParameter(f"--queue {kind} is shared by all sizes: remove --size")
    return find_sources(stage.client("sqs"), stage.stack, kind, stage.chosen_sizes(sizes))
