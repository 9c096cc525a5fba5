"""fanout audit: what should be there against what is, and workers asked to mend it."""

import shlex
from collections import Counter
from contextlib import ExitStack
from typing import Annotated, get_args

import typer
from rich.table import Table

from cli.factories import make_auditor, make_recheck_queue
from cli.spool import Spool
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import YesOption, confirm, escape, note, print_json, progress, show
from lib.operations.audit import REPAIRABLE, State, list_orphan_folders, list_orphan_paths
from lib.operations.doctor.sizes import read_deployed

# A bar that is drawn for each of a million paths would take longer than comparing them.
_DRAWN_EACH = 500

Counts = dict[str, Counter[State]]


def audit(
    *,
    stage: StageOption,
    prefix: Annotated[str, typer.Option(help="Only paths that begin like this")] = "",
    deep: Annotated[
        bool, typer.Option("--deep", help="Read each variant's metadata: finds other recipes")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Ask workers to mend what is not current")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Compare originals with variants: current, missing, stale, orphaned, failed.

    Exit code 1 if a variant is missing, stale or orphaned and was not repaired. Variants of sizes
    that are not deployed any more are listed as orphaned, and left alone.

    Example: ./fanout audit --stage prod --prefix 2026/ --deep
    """
    place = Stage(stage, region)
    with ExitStack() as spools:
        to_mend = {size: spools.enter_context(Spool()) for size in place.stack.sizes}
        counts = {
            size: _compared(place, size, prefix, spool, deep=deep, as_json=as_json)
            for size, spool in to_mend.items()
        }
        left = _left_over(place, prefix, as_json=as_json)
        if not as_json:
            _print_table(counts | left)
            _tell_what_to_do(place, left)
        mendable = sum(len(spool) for spool in to_mend.values())
        if repair and mendable:
            _repair(place, to_mend, counts, yes=yes, as_json=as_json)
        if as_json:
            print_json({"summary": counts | left, "repaired": mendable if repair else 0})
        elif repair:
            show(f"Workers were asked to look at {mendable:,} paths.")
    if mendable and not repair:
        raise typer.Exit(1)


def _compared(
    place: Stage, size: str, prefix: str, to_mend: Spool, *, deep: bool, as_json: bool
) -> Counter[State]:
    """Counts by state; prints what is not current as it is found, and keeps what can be mended."""
    counts = Counter[State](dict.fromkeys(get_args(State), 0))
    with progress(as_json=as_json) as bar:
        task = bar.add_task(f"Comparing {size}", total=None)
        findings = make_auditor(place, size).compare(prefix=prefix, deep=deep)
        for number, (path, state) in enumerate(findings, 1):
            counts[state] += 1
            if number % _DRAWN_EACH == 0:
                bar.update(task, completed=number)
            if as_json and state != "current":
                print_json({"size": size, "path": path, "state": state})
            if state in REPAIRABLE:
                to_mend.add(path)
    return counts


def _left_over(place: Stage, prefix: str, *, as_json: bool) -> Counts:
    """Counts of what removed sizes and formats have left, by folder."""
    s3, bucket = place.client("s3"), place.stack.outputs["ImagesBucketName"]
    sizes = list(read_deployed(place.stack).values())
    counts: Counts = {}
    for folder in list_orphan_folders(s3, bucket, sizes):
        counts[folder] = Counter[State](dict.fromkeys(get_args(State), 0))
        for path in list_orphan_paths(s3, bucket, folder, prefix=prefix):
            counts[folder]["orphaned"] += 1
            if as_json:
                print_json({"size": folder, "path": path, "state": "orphaned"})
    return counts


def _tell_what_to_do(place: Stage, left: Counts) -> None:
    for folder in left:
        url = f"s3://{place.stack.outputs['ImagesBucketName']}/{folder}/"
        note(
            f"{escape(folder)} is no size that is deployed: its variants stay until you delete "
            f"them, by aws s3 rm --recursive {escape(shlex.quote(url))}"
        )


def _repair(
    place: Stage, to_mend: dict[str, Spool], counts: Counts, *, yes: bool, as_json: bool
) -> None:
    total = sum(counts.values(), Counter[State]())
    confirm(
        f"Have workers render {total['missing']:,} missing and {total['stale']:,} stale variants, "
        f"and remove {total['orphaned']:,} orphaned ones?",
        yes=yes,
    )
    with progress(as_json=as_json) as bar:
        for size, paths in to_mend.items():
            task = bar.add_task(f"Asking the workers of {size}", total=len(paths))
            for batch in make_recheck_queue(place, size).send_all(paths):
                bar.advance(task, len(batch))


def _print_table(counts: Counts) -> None:
    states = get_args(State)
    table = Table("size", *states)
    for size, by_state in counts.items():
        table.add_row(escape(size), *(f"{by_state[state]:,}" for state in states))
    show(table)
