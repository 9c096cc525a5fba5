"""`fanout backfill`: has workers render one size's missing variants, after an estimate."""

from pathlib import Path
from typing import Annotated

import typer

from cli.factories import deployed_size, make_auditor, make_recheck_queue
from cli.spool import Spool
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import YesOption, confirm, escape, note, print_json, progress, show
from lib.aws.cloudwatch import get_median_of_last_day
from lib.aws.sqs import get_account
from lib.errors import FanoutError
from lib.operations.backfill import Checkpoint, Scope, find_paths, send_rechecks, throttle
from lib.operations.doctor.sizes import read_deployed
from lib.operations.estimates import Estimate, estimate

_CHECKPOINTS = Path(__file__).resolve().parent.parent / ".fanout"
# Less than one message in ten seconds is probably a typo.
_SLOWEST = 0.1


def backfill(
    *,
    stage: StageOption,
    size: Annotated[str, typer.Option("--size", help="The size to render")],
    stale: Annotated[
        bool,
        typer.Option(
            "--stale", help="Also variants of another recipe; reads each variant's metadata"
        ),
    ] = False,
    prefix: Annotated[str, typer.Option(help="Only paths that start with this text")] = "",
    rate: Annotated[
        float | None, typer.Option(min=_SLOWEST, help="Messages per second; no limit by default")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of photos")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the estimate")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue where an interrupted run stopped")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Render one size's variants for originals that lack them.

    Sends messages only to that size's queue. A second run renders nothing twice.

    Example: ./fanout backfill --stage prod --size 400x300 --rate 50
    """
    target = Stage(stage, region)
    scope = Scope(prefix=prefix, stale=stale)
    checkpoint = Checkpoint(_checkpoint_file(target, size))
    after = checkpoint.resume_after(scope) if resume else ""
    with Spool() as paths:
        with progress(as_json=as_json) as bar:
            task = bar.add_task("Looking for originals without a variant", total=None)
            for path in find_paths(make_auditor(target, size), scope, after=after, limit=limit):
                paths.add(path)
                bar.advance(task)
        _print_estimate(size, _estimate(target, size, len(paths)), as_json=as_json)
        if dry_run:
            return
        _print_checkpoint(checkpoint, resume=resume, after=after)
        if len(paths):
            confirm(f"Have workers render {len(paths):,} photos at {size}?", yes=yes)
        _send(target, size, paths, checkpoint, scope, rate=rate, as_json=as_json)


def _checkpoint_file(target: Stage, size: str) -> Path:
    """Returns one file per account, region, stage and size."""
    account = get_account(deployed_size(target, size).queue_url)
    return _CHECKPOINTS / f"backfill-{target.name}-{account}-{target.region}-{size}.json"


def _estimate(target: Stage, size: str, photos: int) -> Estimate:
    deployed = deployed_size(target, size)
    cloudwatch = target.client("cloudwatch")
    return estimate(
        photos,
        median_ms=get_median_of_last_day(cloudwatch, target.prefix, "Duration", {"size": size}),
        memory=deployed.memory,
        formats=len(read_deployed(target.stack)[size].folders),
    )


def _print_estimate(size: str, estimated: Estimate, *, as_json: bool) -> None:
    if as_json:
        print_json({"size": size, **estimated._asdict()})
        return
    source = "the last day's median" if estimated.measured else "a guess: the last day has no data"
    show(
        f"{estimated.photos:,} photos to render at {size}: about {estimated.lambda_seconds:,.0f} "
        f"Lambda seconds ({estimated.seconds_each:.2f} s a photo, {source}), "
        f"about ${estimated.dollars:,.2f}"
    )


def _print_checkpoint(checkpoint: Checkpoint, *, resume: bool, after: str) -> None:
    position = checkpoint.read()
    if resume:
        note(
            f"Continuing after {escape(after)}"
            if after
            else "No checkpoint: starting from the first"
        )
    elif position is not None:
        note(
            f"An earlier run stopped after {escape(position.after)} ({checkpoint.file}). "
            "This run starts from the first path; to continue there, use --resume."
        )


def _send(
    target: Stage,
    size: str,
    paths: Spool,
    checkpoint: Checkpoint,
    scope: Scope,
    *,
    rate: float | None,
    as_json: bool,
) -> None:
    sent = 0
    with progress(as_json=as_json) as bar:
        task = bar.add_task(f"Asking the workers of {size}", total=len(paths))
        try:
            queue = make_recheck_queue(target, size)
            for count in send_rechecks(
                throttle(paths, rate) if rate else paths, queue, checkpoint, scope
            ):
                sent += count
                bar.advance(task, count)
        except (FanoutError, KeyboardInterrupt):
            note(f"Stopped after {sent:,} of {len(paths):,}; --resume continues from there.")
            raise
    if as_json:
        print_json({"sent": sent})
    else:
        show(f"Asked the workers to render {sent:,} photos.")
