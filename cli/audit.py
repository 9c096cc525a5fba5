"""`fanout audit`: compares originals with variants, and has workers repair the differences."""

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
from lib.plurals import pluralize

# Redrawing the bar for each of a million paths would take longer than comparing them.
_PATHS_PER_REDRAW = 500

Counts = dict[str, Counter[State]]


def audit(
    *,
    stage: StageOption,
    prefix: Annotated[str, typer.Option(help="Only paths that start with this text")] = "",
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Also read each variant's metadata, which shows variants of other recipes",
        ),
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Have workers repair the variants that are not current")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Find variants that are missing, stale or orphaned.

    Compares originals with variants, which are current, missing, stale, orphaned or failed. Lists
    the variants of sizes that are no longer deployed as orphaned, but does not delete them.

    Exit code 1 if a variant is missing, stale or orphaned and --repair was not given.

    Example: ./fanout audit --stage prod --prefix 2026/ --deep
    """
    target = Stage(stage, region)
    with ExitStack() as spools:
        to_repair = {size: spools.enter_context(Spool()) for size in target.stack.sizes}
        counts = {
            size: _compare(target, size, prefix, spool, deep=deep, as_json=as_json)
            for size, spool in to_repair.items()
        }
        orphans = _count_orphans(target, prefix, as_json=as_json)
        if not as_json:
            _print_table(counts | orphans)
            _print_orphan_folders(target, orphans)
        repairable = sum(len(spool) for spool in to_repair.values())
        if repair and repairable:
            _repair(target, to_repair, counts, yes=yes, as_json=as_json)
        if as_json:
            print_json({"summary": counts | orphans, "repaired": repairable if repair else 0})
        elif repair:
            show(f"Asked the workers to check {pluralize(repairable, 'path')}.")
    if repairable and not repair:
        options = ["--deep"] if deep else []
        options += [f"--prefix {shlex.quote(prefix)}"] if prefix else []
        command = target.commands.fanout("audit", *options, "--repair")
        note(f"To repair {pluralize(repairable, 'variant')}: {escape(command)}")
        raise typer.Exit(1)


def _compare(
    target: Stage, size: str, prefix: str, to_repair: Spool, *, deep: bool, as_json: bool
) -> Counter[State]:
    """Counts the variants by state; adds repairable paths to `to_repair`.

    As JSON, prints each path that is not current at once.
    """
    counts = Counter[State](dict.fromkeys(get_args(State), 0))
    with progress(as_json=as_json) as bar:
        task = bar.add_task(f"Comparing {size}", total=None)
        entries = make_auditor(target, size).compare(prefix=prefix, deep=deep)
        for number, (path, state) in enumerate(entries, 1):
            counts[state] += 1
            if number % _PATHS_PER_REDRAW == 0:
                bar.update(task, completed=number)
            if as_json and state != "current":
                print_json({"size": size, "path": path, "state": state})
            if state in REPAIRABLE:
                to_repair.add(path)
    return counts


def _count_orphans(target: Stage, prefix: str, *, as_json: bool) -> Counts:
    """Counts the orphans of removed sizes and formats, by folder."""
    s3, bucket = target.client("s3"), target.stack.outputs["ImagesBucketName"]
    sizes = list(read_deployed(target.stack).values())
    counts: Counts = {}
    for folder in list_orphan_folders(s3, bucket, sizes):
        counts[folder] = Counter[State](dict.fromkeys(get_args(State), 0))
        for path in list_orphan_paths(s3, bucket, folder, prefix=prefix):
            counts[folder]["orphaned"] += 1
            if as_json:
                print_json({"size": folder, "path": path, "state": "orphaned"})
    return counts


def _print_orphan_folders(target: Stage, orphans: Counts) -> None:
    for folder in orphans:
        url = f"s3://{target.stack.outputs['ImagesBucketName']}/{folder}/"
        note(
            f"{escape(folder)} is not a deployed size, and nothing deletes its variants. To delete "
            f"them: aws s3 rm --recursive {escape(shlex.quote(url))}"
        )


def _repair(
    target: Stage, to_repair: dict[str, Spool], counts: Counts, *, yes: bool, as_json: bool
) -> None:
    total = sum(counts.values(), Counter[State]())
    confirm(
        f"Have workers render {total['missing']:,} missing and "
        f"{pluralize(total['stale'], 'stale variant')}, and delete "
        f"{pluralize(total['orphaned'], 'orphaned variant')}?",
        yes=yes,
    )
    with progress(as_json=as_json) as bar:
        for size, paths in to_repair.items():
            task = bar.add_task(f"Asking the workers of {size}", total=len(paths))
            for batch in make_recheck_queue(target, size).send_all(paths):
                bar.advance(task, len(batch))


def _print_table(counts: Counts) -> None:
    states = get_args(State)
    table = Table("size", *states)
    for size, by_state in counts.items():
        table.add_row(escape(size), *(f"{by_state[state]:,}" for state in states))
    show(table)
