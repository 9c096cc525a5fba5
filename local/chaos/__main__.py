"""Entry point of the chaos test: `make chaos`."""

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
from lib.plurals import pluralize
from local.chaos import fault_run, load_run
from local.stack import LocalDeployment

_UPLOADS, _KILLS, _LOAD = 500, 3, 2000
# Rows of the verdict, and the fields that they show.
_VERDICTS = {
    **{name: name for name in ("current", "missing", "stale", "orphaned", "silent")},
    "dead letters of broken photos": "letters",
    "other dead letters": "others",
}


def main() -> int:
    """Runs both tests; returns 1 if a variant is wrong or a run failed."""
    parser = argparse.ArgumentParser(prog="python -m local.chaos", description=__doc__)
    parser.add_argument(
        "--uploads", type=int, default=_UPLOADS, help="uploads of the run with faults"
    )
    parser.add_argument("--kills", type=int, default=_KILLS, help="number of workers to kill")
    parser.add_argument("--load", type=int, default=_LOAD, help="uploads of the run without faults")
    parser.add_argument(
        "--record", type=Path, help="JSON file for what the run without faults measured"
    )
    arguments = parser.parse_args()
    console = Console()
    # SIGTERM ends like Ctrl-C, so that the servers are stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        passed = _faults(console, arguments.uploads, arguments.kills)
        passed &= _load(console, arguments.load, arguments.record)
    except FanoutError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted.", style="red")
        return 130
    console.print("Every variant is right." if passed else "[red]Some variants are wrong.")
    return 0 if passed else 1


@contextmanager
def stack(console: Console) -> Iterator[LocalDeployment]:
    """Starts a separate stack, without checks of signatures; deletes it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    local = LocalDeployment(folder, checks=False)
    try:
        with console.status("Starting"):
            local.up(on_progress=console.print)
        yield local
    finally:
        local.down()
        shutil.rmtree(folder, ignore_errors=True)


def _faults(console: Console, uploads: int, kills: int) -> bool:
    with stack(console) as local, console.status("Uploading with faults") as status:
        run = fault_run.run(local, uploads, kills, status.update)
    table = Table("", "before the replay", "after the replay", title="S3 fails, workers are killed")
    for label, name in _VERDICTS.items():
        states = [getattr(verdict, name) for verdict in (run.before, run.after)]
        table.add_row(label, *map(_format, states))
    console.print(
        f"{pluralize(uploads, 'upload')} x {pluralize(run.sizes, 'size')} in {run.seconds:.0f} s; "
        f"{pluralize(run.killed, 'worker')} killed; faults: {_format(run.faults)}; "
        f"{pluralize(run.replayed, 'dead letter')} replayed once",
        soft_wrap=True,
    )
    console.print(table)
    return run.after.is_met and run.killed == kills


def _load(console: Console, uploads: int, record: Path | None) -> bool:
    with stack(console) as local, console.status("Uploading") as status:
        run = load_run.run(local, uploads, status.update)
    recording, variants = run.recording, run.verdict.current
    simulated = recording.simulate()
    drained = max(each.drained_at for each in simulated)
    waiting = sum(each.most_waiting for each in simulated)
    table = Table("", "figure", title="Full load")
    for name, figure in (
        ("uploads per second", f"{uploads / recording.upload_seconds:.0f}"),
        ("variants", f"{variants:,} in {recording.seconds:.0f} s"),
        ("variants per second", f"{variants / recording.seconds:.0f}"),
        ("seconds, as fanout plan simulates", f"{drained:.0f} s"),
        ("most waiting messages", f"{recording.most_waiting:,}"),
        ("most waiting, simulated", f"{waiting:,.0f}"),
        ("oldest waiting message", f"{run.oldest_seconds:.0f} s"),
        ("peak memory of a worker", f"{run.worker_megabytes:.0f} MB"),
    ):
        table.add_row(name, figure)
    console.print(table)
    if record:
        run.recording.write(record)
        console.print(f"Recorded in {record}")
    return run.verdict.is_met


def _format(state: int | list[str] | dict[str, int]) -> str:
    """Formats variants of a state, or counts by name."""
    if isinstance(state, dict):
        return ", ".join(f"{name} {count}" for name, count in sorted(state.items())) or "none"
    return str(state if isinstance(state, int) else len(state))


if __name__ == "__main__":
    sys.exit(main())
