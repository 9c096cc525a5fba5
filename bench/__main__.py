"""Entry point of the benchmark: `make bench`."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import (
    baseline,
    batch,
    coldstart,
    goals,
    inputs,
    likeness,
    memory,
    package,
    profiling,
    race,
    render_times,
    report,
    sources,
)
from bench.cases import CASES, Case
from bench.contenders import NAMES, Contender
from bench.figures import Goal
from bench.peers.peer import Wanted
from bench.race import Race
from bench.report import Run
from lib.errors import ConfigError, FanoutError

_RESULTS = Path(__file__).parent / "results.json"
_DOCS = sources.PROJECT / "docs" / "performance.md"
_FIGURES = Path(__file__).parent / "figures.md"
_WIDTH = 150
_COLOURS = {"met": "green", "missed": "red", "not measured": "yellow"}
_QUICK = "QUICK: a few of the inputs in few rounds. Compare nothing with these figures."


def main() -> int:
    """Measures, prints and writes the figures; a missed goal is not a failure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure less, within a minute")
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help="also write docs/performance.md, bench/figures.md and the times of `fanout plan`",
    )
    parser.add_argument(
        "--write-baseline",
        action="store_true",
        help="only record what the renderer makes, for later runs to be compared with",
    )
    arguments = parser.parse_args()
    if arguments.quick and (arguments.write_docs or arguments.write_baseline):
        parser.error("--quick measures too little to be written anywhere: leave it out")
    console = Console()
    # A log has no width: the tables need this much.
    console.width = max(console.width, _WIDTH)
    try:
        if not (find_spec("skimage") and find_spec("ssimulacra2")):
            raise ConfigError("The benchmark needs more packages than the rest: run `make bench`")
        if arguments.write_baseline:
            baseline.write(_record(console))
            return 0
        run = _run(console, quick=arguments.quick)
    except FanoutError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    _show(console, run)
    report.write_json(_RESULTS, run)
    console.print(f"Written to {_RESULTS.relative_to(sources.PROJECT)}")
    if arguments.write_docs:
        report.write_docs(_DOCS, _FIGURES, run)
        photographs = [inputs.make(case) for case in CASES if case.derived == "untouched"]
        qualities = render_times.measure_qualities(photographs)
        render_times.write(render_times.describe(run.races, run.about, qualities))
    return 0


def _run(console: Console, *, quick: bool) -> Run:
    began, load = time.monotonic(), os.getloadavg()[0]
    rounds = race.QUICK_ROUNDS if quick else race.ROUNDS
    cases = [case for case in CASES if case.quick or not quick]
    with console.status("Making the inputs") as status:
        sources.fetch()
        _prepare(cases, quick=quick)
        with _pinned() as pinned, ExitStack() as stack:
            small = list(_small(status.update, quick=quick))
            status.update("Starting the contenders")
            contenders = [stack.enter_context(Contender(name)) for name in NAMES]
            races = [race.race(contenders, case, rounds, status.update) for case in cases]
        status.update("Comparing the variants with the best possible ones")
        _compare(races, thorough=not quick)
        speed = goals.of_speed(races)
        missed = [goal for goal in speed if goal.met is False and goal.cases]
        status.update("Profiling what is missed")
        profiles = {goal.name: profiling.measure(goal.cases) for goal in missed if not quick}
    about = {
        "Run": _QUICK if quick else "full",
        "Machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "Pinned to one core": "yes" if pinned else "no",
        # Batches and memory bandwidth suffer from what else runs.
        "Load before": f"{load:.1f} on {os.cpu_count()} cores",
        "Inputs": _describe(races),
        "Rounds": f"{rounds}, after one to warm up; the least CPU time counts",
        "Took": f"{(time.monotonic() - began) / 60:.0f} minutes",
    }
    versions = {
        one.name: f"not installed: {one.absent}" if one.absent else one.version
        for one in contenders
    }
    quality = goals.of_quality(races, baseline.compare(races))
    return Run(quick, about, versions, races, [*speed, *quality, *small], profiles)


def _record(console: Console) -> list[Race]:
    """Renders all inputs with our renderer alone, and measures nothing."""
    with console.status("Making the inputs") as status, Contender("ours") as ours:
        sources.fetch()
        _prepare(CASES, quick=True)
        races = [race.race([ours], case, 0, status.update) for case in CASES]
        status.update("Comparing the variants with the best possible ones")
        _compare(races, thorough=False)
    return races


def _describe(races: list[Race]) -> str:
    photos = goals.jpegs(races)
    count = {
        how: sum(each.case.derived == how for each in photos)
        for how in ("untouched", "lossless", "re-encoded")
    }
    return (
        f"{len(photos)} JPEGs ({count['untouched']} as cameras wrote them, {count['lossless']} "
        f"cut, turned or recoded without loss, {count['re-encoded']} encoded again with their own "
        f"tables), {len(races) - len(photos)} other files"
    )


def _prepare(cases: list[Case], *, quick: bool) -> None:
    """Makes all inputs and references, on all cores."""
    others = [case for each in batch.BATCHES for case in each.cases]
    if not quick:
        others += [large.case for large in memory.LARGE]
    with ProcessPoolExecutor() as pool:
        # Drained, so that an error is raised here.
        list(pool.map(inputs.make, dict.fromkeys([*others, *cases])))
        list(pool.map(_references, cases))


def _references(case: Case) -> None:
    for wanted in race.sizes_for(case):
        likeness.references(case, wanted)


@contextmanager
def _pinned() -> Iterator[bool]:
    """Pins this process and its children to the last core, which other programs use least."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


def _small(on_progress: Callable[[str], None], *, quick: bool) -> Iterator[Goal]:
    """Measures everything but the race."""
    on_progress("Cold start")
    start = coldstart.QUICK_ROUNDS if quick else coldstart.ROUNDS
    yield goals.of_start(coldstart.measure(start))
    on_progress("Batches")
    rounds = batch.QUICK_ROUNDS if quick else batch.ROUNDS
    for each in batch.BATCHES:
        yield goals.of_batch(each.name, batch.measure(each, rounds))
    if quick:
        return
    on_progress("Memory")
    if Path("/proc/self/status").exists():
        yield from goals.of_memory(
            (each.name, each.goal, *memory.peak(each)) for each in memory.LARGE
        )
    on_progress("Packaging")
    yield goals.of_zip(package.megabytes())


def _compare(races: Iterable[Race], *, thorough: bool) -> None:
    """Adds the likeness of all variants, on all cores."""
    with ProcessPoolExecutor() as pool:
        pending = [
            (lap, each.name, pool.submit(_likeness, one.case, each, name, thorough))
            for one in races
            for name, lap in one.laps.items()
            # Its variants are prepared, not made from the photo.
            if name != "limit"
            for each in one.wanted
        ]
        for lap, size, found in pending:
            if compared := found.result():
                lap.likeness[size] = compared


def _likeness(
    case: Case, wanted: Wanted, contender: str, thorough: bool
) -> likeness.Likeness | None:
    number = race.sizes_for(case).index(wanted)
    variant = race.variants_of(case, contender) / str(number)
    return likeness.compare(case, wanted, variant, thorough=thorough)


def _show(console: Console, run: Run) -> None:
    if run.quick:
        console.print(_QUICK, style="bold yellow")
    for name, version in {**run.about, **report.name_versions(run.versions)}.items():
        console.print(f"{name}: {version}", highlight=False)
    tables = (
        ("JPEG: our CPU time for all sizes", report.JPEG_HEAD, report.jpeg_rows(run)),
        ("JPEG by size", report.SIZE_HEAD, report.size_rows(run)),
        ("Other formats", report.KIND_HEAD, report.kind_rows(run)),
        ("Contenders", report.OTHERS_HEAD, report.contender_rows(run)),
        ("Where the time goes", report.PROFILE_HEAD, report.profile_rows(run)),
        ("A variant's time, for fanout plan", render_times.HEAD, _fitted_rows(run)),
    )
    for title, head, rows in tables:
        table = Table(*head, title=title)
        for row in rows:
            table.add_row(*row)
        if table.row_count:
            console.print(table)
    goals_table = Table(*report.GOAL_HEAD, title="Goals" + (" (QUICK)" if run.quick else ""))
    for row in report.goal_rows(run):
        goals_table.add_row(*row[:-1], f"[{_COLOURS[row[-1]]}]{row[-1]}")
    console.print(goals_table, goals.score(run.goals))


def _fitted_rows(run: Run) -> list[report.Row]:
    """Returns the fitted times; a quick run has too few inputs for them."""
    if run.quick:
        return []
    return list(render_times.rows(render_times.describe(run.races, run.about, {}), run.races))


if __name__ == "__main__":
    sys.exit(main())
