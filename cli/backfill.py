"""fanout backfill: one size's missing variants rendered, after saying what that will take."""

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
# Slower than one message in ten seconds is a mistake in writing.
_SLOWEST = 0.1


def backfill(
    *,
    stage: StageOption,
    size: Annotated[str, typer.Option("--size", help="The size to render")],
    stale: Annotated[
        bool, typer.Option("--stale", help="Also what another recipe made; reads each variant")
    ] = False,
    prefix: Annotated[str, typer.Option(help="Only paths that begin like this")] = "",
    rate: Annotated[
        float | None, typer.Option(min=_SLOWEST, help="Messages a second; without it, no limit")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many photos")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would take")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue where an interrupted run stopped")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Render one size's variants for originals that lack them.

    Asks that size's workers alone. Run again, it renders nothing that is there already.

    Example: ./fanout backfill --stage prod --size 400x300 --rate 50
    """
    place = Stage(stage, region)
    scope = Scope(prefix=prefix, stale=stale)
    checkpoint = Checkpoint(_checkpoint_file(place, size))
    after = checkpoint.resume_after(scope) if resume else ""
    with Spool() as paths:
        with progress(as_json=as_json) as bar:
            task = bar.add_task("Looking for originals without a variant", total=None)
            for path in find_paths(make_auditor(place, size), scope, after=after, limit=limit):
                paths.add(path)
                bar.advance(task)
        _tell(size, _estimate(place, size, len(paths)), as_json=as_json)
        if dry_run:
            return
        _tell_of_checkpoint(checkpoint, resume=resume, after=after)
        if len(paths):
            confirm(f"Have workers render {len(paths):,} photos at {size}?", yes=yes)
        _send(place, size, paths, checkpoint, scope, rate=rate, as_json=as_json)


def _checkpoint_file(place: Stage, size: str) -> Path:
    """A file for each stage and size: two accounts, or two regions, may have the same names."""
    account = get_account(deployed_size(place, size).queue_url)
    return _CHECKPOINTS / f"backfill-{place.name}-{account}-{place.region}-{size}.json"


def _estimate(place: Stage, size: str, photos: int) -> Estimate:
    deployed = deployed_size(place, size)
    cloudwatch = place.client("cloudwatch")
    return estimate(
        photos,
        median_ms=get_median_of_last_day(cloudwatch, place.prefix, "Duration", {"size": size}),
        memory=deployed.memory,
        formats=len(read_deployed(place.stack)[size].folders),
    )


def _tell(size: str, told: Estimate, *, as_json: bool) -> None:
    if as_json:
        print_json({"size": size, **told._asdict()})
        return
    source = "the last day's median" if told.measured else "a guess: nothing was measured today"
    show(
        f"{told.photos:,} photos to render at {size}: about {told.lambda_seconds:,.0f} Lambda "
        f"seconds ({told.seconds_each:.2f} s a photo, {source}), about ${told.dollars:,.2f}"
    )


def _tell_of_checkpoint(checkpoint: Checkpoint, *, resume: bool, after: str) -> None:
    position = checkpoint.read()
    if resume:
        note(f"Continuing behind {escape(after)}" if after else "There is nothing to resume")
    elif position is not None:
        note(
            f"An earlier run stopped behind {escape(position.after)} ({checkpoint.file}). "
            "With --resume this one would continue there; as it is, it begins anew."
        )


def _send(
    place: Stage,
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
            queue = make_recheck_queue(place, size)
            for taken in send_rechecks(
                throttle(paths, rate) if rate else paths, queue, checkpoint, scope
            ):
                sent += taken
                bar.advance(task, taken)
        except (FanoutError, KeyboardInterrupt):
            note(f"Stopped after {sent:,} of {len(paths):,}; --resume continues from there.")
            raise
    if as_json:
        print_json({"sent": sent})
    else:
        show(f"Workers were asked to render {sent:,} photos.")
