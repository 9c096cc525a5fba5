"""`fanout backfill`: has workers render missing variants of sizes, after an estimate."""

import shlex
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.factories import make_auditor, make_recheck_queue
from cli.spool import Spool
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import YesOption, confirm, escape, note, print_json, progress, show
from lib.aws.cloudwatch import get_median_of_last_day
from lib.aws.sqs import get_account
from lib.errors import FanoutError
from lib.operations.backfill import (
    Checkpoint,
    Position,
    Scope,
    find_paths,
    find_starts,
    send_rechecks,
    throttle,
)
from lib.operations.doctor.sizes import read_deployed
from lib.operations.estimates import Estimate, estimate
from lib.plurals import pluralize

_CHECKPOINTS = Path(__file__).resolve().parent.parent / ".fanout"
# Less than one message in ten seconds is probably a typo.
_SLOWEST = 0.1


@dataclass(frozen=True)
class _SizeRun:
    """The backfill of one size: its paths, and where it continues."""

    size: str
    paths: Spool
    checkpoint: Checkpoint


def backfill(
    *,
    stage: StageOption,
    size: Annotated[
        list[str] | None, typer.Option("--size", help="The size to render; repeat it for more")
    ] = None,
    all_sizes: Annotated[
        bool, typer.Option("--all-sizes", help="All sizes of the stage instead of --size")
    ] = False,
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
    limit: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of photos at each size")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the estimate")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue where an interrupted run stopped")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Render sizes' variants for originals that lack them.

    Sends messages only to those sizes' queues. A second run renders nothing twice.

    Example: ./fanout backfill --stage prod --size 400x300 --rate 50
    """
    target = Stage(stage, region)
    scope = Scope(prefix=prefix, stale=stale)
    checkpoints = {
        name: Checkpoint(_checkpoint_file(target, name))
        for name in _choose_sizes(target, size, all_sizes=all_sizes)
    }
    starts = find_starts(checkpoints, scope) if resume else dict.fromkeys(checkpoints, "")
    with ExitStack() as spools:
        runs = [_SizeRun(name, spools.enter_context(Spool()), checkpoints[name]) for name in starts]
        for run in runs:
            _find_paths(target, run, scope, after=starts[run.size], limit=limit, as_json=as_json)
        _print_estimates(
            {run.size: _estimate(target, run.size, len(run.paths)) for run in runs},
            as_json=as_json,
        )
        if dry_run:
            return
        _print_checkpoints(checkpoints, starts if resume else None)
        what = _describe(runs)
        total = sum(len(run.paths) for run in runs)
        if total:
            confirm(f"Have workers render {what}?", yes=yes)
        for run in runs:
            run.checkpoint.write(Position(scope=scope, after=starts[run.size]))
        with _resumable(target, size, scope, rate, total) as counts:
            for run in runs:
                for count in _send(target, run, scope, rate=rate, as_json=as_json):
                    counts.append(count)
    if as_json:
        print_json({"sent": total})
    else:
        show(f"Asked the workers to render {what}.")


def _choose_sizes(target: Stage, names: list[str] | None, *, all_sizes: bool) -> list[str]:
    if bool(names) == all_sizes:
        raise typer.BadParameter(
            "give either --size or --all-sizes", param_hint="--size / --all-sizes"
        )
    return target.chosen_sizes(list(dict.fromkeys(names or ())))


def _checkpoint_file(target: Stage, size: str) -> Path:
    """Returns one file per account, region, stage and size."""
    account = get_account(target.stack.sizes[size].queue_url)
    return _CHECKPOINTS / f"backfill-{target.name}-{account}-{target.region}-{size}.json"


def _find_paths(
    target: Stage, run: _SizeRun, scope: Scope, *, after: str, limit: int | None, as_json: bool
) -> None:
    with progress(as_json=as_json) as bar:
        task = bar.add_task(f"Looking for originals without {run.size}", total=None)
        auditor = make_auditor(target, run.size)
        for path in find_paths(auditor, scope, after=after, limit=limit):
            run.paths.add(path)
            bar.advance(task)


def _estimate(target: Stage, size: str, photos: int) -> Estimate:
    cloudwatch = target.client("cloudwatch")
    return estimate(
        photos,
        median_ms=get_median_of_last_day(cloudwatch, target.prefix, "Duration", {"size": size}),
        memory=target.stack.sizes[size].memory,
        formats=len(read_deployed(target.stack)[size].folders),
    )


def _print_estimates(estimates: dict[str, Estimate], *, as_json: bool) -> None:
    for size, each in estimates.items():
        if as_json:
            print_json({"size": size, **each._asdict()})
            continue
        source = "the last day's median" if each.measured else "a guess: the last day has no data"
        show(
            f"{pluralize(each.photos, 'photo')} to render at {size}: {_format_cost([each])} "
            f"({each.seconds_each:.2f} s a photo, {source})"
        )
    if len(estimates) > 1 and not as_json:
        variants = sum(each.photos for each in estimates.values())
        show(f"In all {pluralize(variants, 'variant')}: {_format_cost(estimates.values())}")


def _format_cost(estimates: Iterable[Estimate]) -> str:
    estimates = list(estimates)
    seconds = round(sum(each.lambda_seconds for each in estimates))
    dollars = sum(each.dollars for each in estimates)
    return f"about {pluralize(seconds, 'Lambda second')} and ${dollars:,.2f}"


def _print_checkpoints(checkpoints: dict[str, Checkpoint], starts: dict[str, str] | None) -> None:
    """Says where each size continues; without `starts`, where it could."""
    for size, checkpoint in checkpoints.items():
        position = checkpoint.read()
        if starts is None:
            if position is not None:
                note(
                    f"{size}: an earlier run stopped {_after(position.after)} ({checkpoint.file}). "
                    "This run starts from the first path; to continue there, use --resume."
                )
        elif position is not None:
            note(f"{size}: continuing {_after(position.after)}")
        elif size in starts:
            note(f"{size}: no checkpoint: starting from the first path")
        else:
            note(f"{size}: no checkpoint: it is done, or was not in the interrupted run")


def _after(path: str) -> str:
    return f"after {escape(path)}" if path else "before the first path"


def _describe(runs: list[_SizeRun]) -> str:
    """Says how much is rendered, such as `3 photos at 400x300` or `12 variants at 4 sizes`."""
    number = sum(len(run.paths) for run in runs)
    if len(runs) == 1:
        return f"{pluralize(number, 'photo')} at {runs[0].size}"
    return f"{pluralize(number, 'variant')} at {pluralize(len(runs), 'size')}"


@contextmanager
def _resumable(
    target: Stage, sizes: list[str] | None, scope: Scope, rate: float | None, total: int
) -> Iterator[list[int]]:
    """Yields a list for the batches that are sent; if it fails, says how to continue."""
    counts = list[int]()
    try:
        yield counts
    except (FanoutError, KeyboardInterrupt):
        options = [f"--size {size}" for size in sizes or ()] or ["--all-sizes"]
        options += ["--stale"] if scope.stale else []
        options += [f"--prefix {shlex.quote(scope.prefix)}"] if scope.prefix else []
        options += [f"--rate {rate:g}"] if rate else []
        command = target.commands.fanout("backfill", *options, "--resume")
        note(f"Stopped after {sum(counts):,} of {total:,}. To continue: {escape(command)}")
        raise


def _send(
    target: Stage, run: _SizeRun, scope: Scope, *, rate: float | None, as_json: bool
) -> Iterator[int]:
    """Sends the rechecks of one size; yields the size of each batch."""
    with progress(as_json=as_json) as bar:
        task = bar.add_task(f"Asking the workers of {run.size}", total=len(run.paths))
        paths = throttle(run.paths, rate) if rate else run.paths
        queue = make_recheck_queue(target, run.size)
        for count in send_rechecks(paths, queue, run.checkpoint, scope):
            bar.advance(task, count)
            yield count
