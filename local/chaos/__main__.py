"""The door of the proof under fire: `make chaos` comes in here."""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lib.errors import FanoutError
from local.chaos import fault_run, load_run
from local.stack import LocalDeployment

_UPLOADS, _KILLS, _LOAD = 500, 3, 2000


def main() -> int:
    """Exit code 1 if the promise was broken, or a run could not be made."""
    parser = argparse.ArgumentParser(prog="python -m local.chaos", description=__doc__)
    parser.add_argument("--uploads", type=int, default=_UPLOADS, help="of the run with faults")
    parser.add_argument("--kills", type=int, default=_KILLS, help="workers that are killed")
    parser.add_argument("--load", type=int, default=_LOAD, help="uploads of the run without")
    given = parser.parse_args()
    console = Console()
    # Being asked to stop ends like Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        kept = _faults(console, given.uploads, given.kills)
        kept &= _load(console, given.load)
    except FanoutError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted.", style="red")
        return 130
    console.print("The promise was kept." if kept else "[red]The promise was broken.")
    return 0 if kept else 1


@contextmanager
def stack(console: Console) -> Iterator[LocalDeployment]:
    """A stack of its own, without checks of signatures, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    local = LocalDeployment(folder, checks=False)
    try:
        with console.status("Starting"):
            local.up(tell=console.print)
        yield local
    finally:
        local.down()
        shutil.rmtree(folder, ignore_errors=True)


def _faults(console: Console, uploads: int, kills: int) -> bool:
    with stack(console) as local, console.status("Uploading under fire") as status:
        run = fault_run.run(local, uploads, kills, status.update)
    table = Table("", "before the replay", "after it", title="S3 ails, workers die")
    for name in ("current", "missing", "stale", "orphaned", "silent"):
        table.add_row(
            name, *(str(_number(getattr(each, name))) for each in (run.before, run.after))
        )
    table.add_row(
        "dead letters of broken photos", *(_told(v.letters) for v in (run.before, run.after))
    )
    table.add_row("other dead letters", *(_told(v.others) for v in (run.before, run.after)))
    console.print(
        f"{uploads} uploads x {run.sizes} sizes in {run.seconds:.0f} s; {run.killed} workers "
        f"killed; faults: {_told(run.faults)}; {run.replayed} dead letters replayed once",
        soft_wrap=True,
    )
    console.print(table)
    return run.after.is_kept and run.killed == kills


def _load(console: Console, uploads: int) -> bool:
    with stack(console) as local, console.status("Uploading") as status:
        run = load_run.run(local, uploads, status.update)
    table = Table("", "figure", title="As fast as it goes")
    table.add_row("uploads, a second", f"{uploads / run.upload_seconds:.0f}")
    table.add_row("variants", f"{run.variants:,} in {run.seconds:.0f} s")
    table.add_row("variants, a second", f"{run.variants / run.seconds:.0f}")
    table.add_row("most messages that waited", f"{run.most_waiting:,}")
    table.add_row("oldest of them", f"{run.oldest_seconds:.0f} s")
    table.add_row("most memory of a worker", f"{run.worker_megabytes:.0f} MB")
    console.print(table)
    return run.verdict.is_kept


def _number(found: int | list[str]) -> int:
    return found if isinstance(found, int) else len(found)


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


if __name__ == "__main__":
    sys.exit(main())
