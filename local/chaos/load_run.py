"""Uploads photos at full load, and measures the stack."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from lib.plurals import pluralize
from local.chaos.background import run_beside
from local.chaos.faults import worker_processes
from local.chaos.recording import Recording, read_invocations, read_mapping
from local.chaos.uploads import upload
from local.chaos.verdict import Verdict, judge, wait_until_quiet, waiting_messages
from local.client import aws
from local.stack import LocalDeployment

_QUIET_SECONDS = 1800
_MEGABYTE = 1 << 20
_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True)
class LoadRun:
    """A recorded run, its verdict, and two peaks.

    `oldest_seconds` is the age of the oldest waiting message, if SQS delivers in order.
    """

    recording: Recording
    verdict: Verdict
    oldest_seconds: float
    worker_megabytes: float


def run(local: LocalDeployment, count: int, on_progress: Callable[[str], None]) -> LoadRun:
    """Uploads `count` photos concurrently, and waits until the queues are empty."""
    stack, started, began = local.read(), time.monotonic(), time.time()
    monitor = _Monitor(local)
    with run_beside(monitor.sample):

        def record_upload(done: int) -> None:
            monitor.uploaded.append(time.monotonic())
            on_progress(f"{done} of {count} uploaded")

        photos = upload(aws(stack, "s3"), stack.originals, count, record_upload)
        uploaded = time.monotonic() - started
        wait_until_quiet(
            stack, _QUIET_SECONDS, lambda n: on_progress(f"{pluralize(n, 'message')} in the queues")
        )
        elapsed = monitor.last_busy - started
    recording = Recording(
        count,
        round(uploaded, 3),
        round(elapsed, 3),
        monitor.most_waiting,
        *read_mapping(stack),
        read_invocations(stack, began),
    )
    return LoadRun(recording, judge(stack, photos), monitor.oldest_seconds, monitor.megabytes)


class _Monitor:
    """Samples the queues and the workers' memory once a second."""

    def __init__(self, local: LocalDeployment) -> None:
        self._local, self._stack = local, local.read()
        self.uploaded: list[float] = []
        self.last_busy = time.monotonic()
        self.most_waiting, self.oldest_seconds, self.megabytes = 0, 0.0, 0.0

    def sample(self, is_over: threading.Event) -> None:
        """Samples until the run is over."""
        sqs = aws(self._stack, "sqs")
        while not is_over.wait(_SAMPLE_SECONDS):
            waiting = waiting_messages(sqs, self._stack)
            if waiting:
                self.last_busy = time.monotonic()
                self.oldest_seconds = max(self.oldest_seconds, self._age(waiting))
            self.most_waiting = max(self.most_waiting, waiting)
            for process in worker_processes(self._local):
                try:
                    resident = process.memory_info().rss / _MEGABYTE
                except psutil.NoSuchProcess:
                    continue
                self.megabytes = max(self.megabytes, resident)

    def _age(self, waiting: int) -> float:
        """Returns the age of the oldest of `waiting` messages, in seconds."""
        sizes = len(self._stack.sizes)
        delivered = max(0, len(self.uploaded) - waiting // sizes)
        return (
            time.monotonic() - self.uploaded[delivered] if delivered < len(self.uploaded) else 0.0
        )
