"""Measures how busy a batch keeps its core: ten photos, one core, a slow S3, the real worker.

`python -m bench.batch ROUNDS PHOTO...` prints JSON; it needs the project's own environment, which
has the emulator. Efficiency is the least time of a batch (its CPU time, one GET and one PUT)
divided by the time that it took.
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
from typing import Any

import boto3

from bench import coldstart, inputs
from handlers import resize
from lib.errors import ConfigError
from lib.pipeline import worker as workers
from lib.pipeline.events import parse_message
from lib.pipeline.messages import SqsMessage
from lib.pipeline.worker import ResizeWorker
from lib.plurals import pluralize
from local import emulator
from local.processes import Processes, free_port

ROUNDS, QUICK_ROUNDS = 5, 2
PHOTOS = 10
# Latency of S3 within a region, added to the emulator's few milliseconds.
GET_SECONDS, PUT_SECONDS = 0.030, 0.060
_BUCKETS = ("originals", "images", "failures")


def measure(files: list[Path], rounds: int) -> tuple[float, float]:
    """Returns the efficiency of one photo at a time, and of the worker's own concurrency."""
    python = inputs.PROJECT / ".venv/bin/python"
    command = [str(python), "-m", "bench.batch", str(rounds), *map(str, files)]
    run = subprocess.run(command, cwd=inputs.PROJECT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise ConfigError(f"The batch could not be measured:\n{run.stderr[-2000:]}")
    # The worker prints its metrics on the lines before.
    alone, overlapped = json.loads(run.stdout.splitlines()[-1])
    return alone, overlapped


def main(files: list[Path], rounds: int) -> None:
    """Measures both alternately, and prints their efficiencies."""
    # The parent may be pinned to one core.
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    cores = os.sched_getaffinity(0)
    last = max(cores)
    # On the worker's core, the emulator's work would count as waiting for S3.
    os.sched_setaffinity(0, cores - {last} or cores)
    with tempfile.TemporaryDirectory() as folder, _emulator(Path(folder)) as endpoint:
        os.sched_setaffinity(0, {last})
        worker, batch = _worker(endpoint), _upload(files)
        measured: dict[int, list[float]] = {1: [], workers.MAX_WORKERS: []}
        for max_workers in [*measured, *list(measured) * rounds]:
            measured[max_workers].append(_efficiency(worker, batch, max_workers))
    # The first round of each warms up.
    print(json.dumps([statistics.median(values[1:]) for values in measured.values()]))


@contextmanager
def _emulator(folder: Path) -> Iterator[str]:
    processes, port = Processes(folder), free_port()
    emulator.start(processes, folder, port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop()


def _worker(endpoint: str) -> ResizeWorker:
    queue = f"{endpoint}/000000000000/none"
    os.environ |= coldstart.SETTINGS | emulator.ROOT_KEY
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": emulator.REGION,
        "QUEUE_URL": queue,
        "DLQ_URL": queue,
        "POWERTOOLS_LOG_LEVEL": "ERROR",
    }
    worker = resize._worker()
    events = worker.reconciler.s3.meta.events
    for operation, seconds in (("GetObject", GET_SECONDS), ("PutObject", PUT_SECONDS)):
        events.register(f"before-send.s3.{operation}", partial(_wait, seconds))
    return worker


def _wait(seconds: float, **_: Any) -> None:
    time.sleep(seconds)


def _upload(files: list[Path]) -> list[SqsMessage]:
    s3 = boto3.client("s3")
    for bucket in _BUCKETS:
        s3.create_bucket(Bucket=bucket)
    messages = []
    for number in range(PHOTOS):
        key = f"originals/{number}.jpg"
        s3.put_object(Bucket="originals", Key=key, Body=files[number % len(files)].read_bytes())
        record = {"s3": {"bucket": {"name": "originals"}, "object": {"key": key}}}
        record |= {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}  # type: ignore[dict-item]
        body = json.dumps({"Records": [record]})
        if not parse_message(body):
            raise ValueError(f"the worker would not take {body}")
        messages.append(SqsMessage(str(number), body, "none", 1))
    return messages


def _efficiency(worker: ResizeWorker, batch: list[SqsMessage], max_workers: int) -> float:
    s3 = boto3.client("s3")
    for number in range(PHOTOS):
        s3.delete_object(Bucket="images", Key=f"800x600/{number}.jpg")
    workers.MAX_WORKERS = max_workers
    wall, cpu = time.perf_counter(), time.process_time()
    with worker.telemetry.batch():
        returned = worker.drain(batch, lambda: 900.0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if returned:
        raise ValueError(f"not rendered: {pluralize(len(returned), 'photo')}")
    return (cpu + GET_SECONDS + PUT_SECONDS) / wall


if __name__ == "__main__":
    main([Path(file) for file in sys.argv[2:]], int(sys.argv[1]))
