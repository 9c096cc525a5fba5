"""Measures how busy a batch keeps its core: ten photos, one core, a slow S3, the real worker.

`python -m bench.batch ROUNDS WIDTH HEIGHT PHOTO...` prints JSON; it needs the project's own
environment, which has the emulator. Efficiency is the least time of a batch (its CPU time, and one
call of each kind that it makes) divided by the time that it took.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from bench import coldstart, inputs
from bench.cases import Case
from bench.sources import PROJECT
from handlers import resize
from lib.errors import ConfigError
from lib.pipeline.messages import SqsMessage
from lib.pipeline.worker import ResizeWorker
from lib.plurals import pluralize
from lib.sizes import Size
from local import emulator
from local.processes import Processes, free_port

ROUNDS, QUICK_ROUNDS = 5, 2
PHOTOS = 10
# Latency of S3 within a region by the kind of call, added to the emulator's few milliseconds.
SECONDS = {"HeadObject": 0.015, "GetObject": 0.030, "PutObject": 0.060, "DeleteObject": 0.025}
_BUCKETS = ("originals", "images", "failures")


class Batch(NamedTuple):
    """Photos of one kind, and the size that they are rendered at."""

    name: str
    width: int
    height: int
    cases: tuple[Case, ...]


# Small photos at a small size take little CPU time to hide the calls behind.
BATCHES = (
    Batch(
        "12 MP at 800x600",
        800,
        600,
        (
            Case("paris", (4000, 3000), subsampling="4:2:0"),
            Case("times", (4000, 2672), subsampling="4:2:0"),
        ),
    ),
    Batch(
        "3 MP at 200x150",
        200,
        150,
        (
            Case("times", (2048, 1536), subsampling="4:2:0"),
            Case("station", (2048, 1536), subsampling="4:2:0"),
        ),
    ),
)


def measure(batch: Batch, rounds: int) -> float:
    """Returns the efficiency of the worker on a batch."""
    python = PROJECT / ".venv/bin/python"
    files = [str(inputs.make(case)) for case in batch.cases]
    box = [str(batch.width), str(batch.height)]
    command = [str(python), "-m", "bench.batch", str(rounds), *box, *files]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise ConfigError(f"The batch could not be measured:\n{run.stderr[-2000:]}")
    # The worker prints its metrics on the lines before.
    efficiency: float = json.loads(run.stdout.splitlines()[-1])
    return efficiency


def main(files: list[Path], rounds: int, width: int, height: int) -> None:
    """Measures a batch, and prints its efficiency."""
    # The parent may be pinned to one core.
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    cores = os.sched_getaffinity(0)
    last = max(cores)
    # On the worker's core, the emulator's work would count as waiting for S3.
    os.sched_setaffinity(0, cores - {last} or cores)
    with tempfile.TemporaryDirectory() as folder, _emulator(Path(folder)) as endpoint:
        os.sched_setaffinity(0, {last})
        calls: set[str] = set()
        size = Size.model_validate({"width": width, "height": height})
        worker, batch = _worker(endpoint, size, calls), _upload(files)
        # The first round warms up.
        measured = [_efficiency(worker, batch, size, calls) for _ in range(rounds + 1)][1:]
    print(json.dumps(statistics.median(measured)))


@contextmanager
def _emulator(folder: Path) -> Iterator[str]:
    processes, port = Processes(folder), free_port()
    emulator.start(processes, folder, port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop()


def _worker(endpoint: str, size: Size, calls: set[str]) -> ResizeWorker:
    queue = f"{endpoint}/000000000000/none"
    os.environ |= coldstart.SETTINGS | emulator.ROOT_KEY
    os.environ |= {
        "SIZE": size.model_dump_json(),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": emulator.REGION,
        "QUEUE_URL": queue,
        "DLQ_URL": queue,
        "POWERTOOLS_LOG_LEVEL": "ERROR",
    }
    worker = resize._worker()
    worker.reconciler.s3.meta.events.register("before-send.s3", partial(_wait, calls))
    return worker


def _wait(calls: set[str], event_name: str, **_: Any) -> None:
    """Waits as long as S3 takes, and notes the kind of call."""
    kind = event_name.rpartition(".")[2]
    calls.add(kind)
    time.sleep(SECONDS[kind])


def _upload(files: list[Path]) -> list[SqsMessage]:
    s3 = boto3.client("s3")
    for bucket in _BUCKETS:
        s3.create_bucket(Bucket=bucket)
    messages = []
    for number in range(PHOTOS):
        key = f"originals/{number}.jpg"
        s3.put_object(Bucket="originals", Key=key, Body=files[number % len(files)].read_bytes())
        record = {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            # Events of S3 itself have one; without it, the worker looks for a failure record.
            "eventTime": "2026-11-28T09:30:12.123Z",
            "s3": {"bucket": {"name": "originals"}, "object": {"key": key}},
        }
        body = json.dumps({"Records": [record]})
        messages.append(SqsMessage(str(number), body, "none", 1))
    return messages


def _efficiency(
    worker: ResizeWorker, batch: list[SqsMessage], size: Size, calls: set[str]
) -> float:
    """Divides the least time (CPU time, and one call of each kind) by the time that it took."""
    s3 = boto3.client("s3")
    for number in range(PHOTOS):
        s3.delete_object(Bucket="images", Key=f"{size.name}/{number}.jpg")
    calls.clear()
    wall, cpu = time.perf_counter(), time.process_time()
    with worker.telemetry.batch():
        returned = worker.drain(batch, lambda: 900.0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if returned:
        raise ValueError(f"not rendered: {pluralize(len(returned), 'photo')}")
    return (cpu + sum(SECONDS[kind] for kind in calls)) / wall


if __name__ == "__main__":
    main([Path(file) for file in sys.argv[4:]], *map(int, sys.argv[1:4]))
