"""Entry point of the benchmark: `make bench`."""

import argparse
import os
import platform
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import batch, coldstart, goals, inputs, memory, package, race, report
from bench.cases import CASES
from bench.contenders import NAMES, Contender
from bench.figures import Goal
from bench.report import Run
from lib.errors import FanoutError

_RESULTS = Path(__file__).parent / "results.json"
_DOCS = inputs.PROJECT / "docs" / "performance.md"
_CONTENDERS = Path(__file__).parent / "contenders.md"
_WIDTH = 130
_COLOURS = {"met": "green", "missed": "red", "not measured": "yellow"}


def main() -> int:
    """Measures, prints and writes the figures; a missed goal is not a failure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure less, within a minute")
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help="also write docs/performance.md and bench/contenders.md",
    )
    arguments = parser.parse_args()
    console = Console()
    # A log has no width: the tables need this much.
    console.width = max(console.width, _WIDTH)
    try:
        run = _run(console, quick=arguments.quick)
    except FanoutError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    _show(console, run)
    report.write_json(_RESULTS, run)
    console.print(f"Written to {_RESULTS.relative_to(inputs.PROJECT)}")
    if arguments.write_docs:
        report.write_docs(_DOCS, _CONTENDERS, run)
    return 0


def _run(console: Console, *, quick: bool) -> Run:
    rounds = race.QUICK_ROUNDS if quick else race.ROUNDS
    cases = [case for case in CASES if case.quick or not quick]
    with console.status("Making the inputs") as status, ExitStack() as stack:
        large = inputs.fetch()
        for case in cases:
            inputs.make(case)
        zip_goal = [] if quick else [goals.of_zip(package.megabytes())]
        pinned = _pin()
        status.update("Cold start and memory")
        small = [*_memory(quick=quick), _start(quick=quick), _batch(quick=quick), *zip_goal]
        status.update("Starting the contenders")
        contenders = [stack.enter_context(Contender(name)) for name in NAMES]
        raced = [(case, race.race(contenders, case, rounds, status.update)) for case in cases]
    about = {
        "Machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "Pinned to one core": "yes" if pinned else "no",
        "Rounds": f"{rounds}, after one to warm up",
        "Photos": "two of 20 and 17 MP"
        if large
        else "small ones, enlarged: the large ones could not be fetched",
    }
    versions = {
        one.name: f"not installed: {one.absent}" if one.absent else one.version
        for one in contenders
    }
    return Run(about, versions, raced, [*goals.of_speed(raced), *small])


def _pin() -> bool:
    """Pins this process and its children to the last core, which other programs use least."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return True


def _memory(*, quick: bool) -> list[Goal]:
    if quick or not Path("/proc/self/status").exists():
        return []
    return goals.of_memory((each.name, each.goal, *memory.peak(each)) for each in memory.LARGE)


def _start(*, quick: bool) -> Goal:
    rounds = coldstart.QUICK_ROUNDS if quick else coldstart.ROUNDS
    return goals.of_start(coldstart.measure(rounds))


def _batch(*, quick: bool) -> Goal:
    files = [inputs.make(case) for case in CASES if case.typical]
    return goals.of_batch(*batch.measure(files, batch.QUICK_ROUNDS if quick else batch.ROUNDS))


def _show(console: Console, run: Run) -> None:
    for name, version in {**run.about, **report.name_versions(run.versions)}.items():
        console.print(f"{name}: {version}", highlight=False)
    speed = Table(*report.SPEED_HEAD, title="CPU time of three variants, by contender")
    last = ""
    for row in report.speed_rows(run):
        if row[0] != last:
            speed.add_section()
        speed.add_row(row[0] if row[0] != last else "", *row[1:])
        last = row[0]
    goals_table = Table(*report.GOAL_HEAD, title="Goals")
    for row in report.goal_rows(run):
        goals_table.add_row(*row[:-1], f"[{_COLOURS[row[-1]]}]{row[-1]}")
    console.print(speed, goals_table, goals.score(run.goals))


if __name__ == "__main__":
    sys.exit(main())
