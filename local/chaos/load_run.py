"""Uploads as fast as the stack takes them, and the figures of that."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from local.chaos.faults import worker_processes
from local.chaos.uploads import upload
from local.chaos.verdict import Verdict, judge, wait_until_quiet, waiting_messages
from local.client import aws
from local.stack import LocalDeployment

_QUIET_SECONDS = 1800
_MEGABYTE = 1 << 20
_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True)
class LoadRun:
    """Seconds for all uploads and until the queues were empty; the most messages that waited, and
    the longest that one did, if they were served in order; the most memory of one worker.
    """

    variants: int
    upload_seconds: float
    seconds: float
    most_waiting: int
    oldest_seconds: float
    worker_megabytes: float
    verdict: Verdict


def run(local: LocalDeployment, count: int, tell: Callable[[str], None]) -> LoadRun:
    """Upload so many photos, several at once, and wait until the queues are empty."""
    stack, started = local.read(), time.monotonic()
    with _Watch(local) as watch:

        def uploaded_one(done: int) -> None:
            watch.uploaded.append(time.monotonic())
            tell(f"{done} of {count} uploaded")

        photos = upload(aws(stack, "s3"), stack.originals_bucket, count, uploaded_one)
        uploaded = time.monotonic() - started
        wait_until_quiet(stack, _QUIET_SECONDS, lambda n: tell(f"{n} messages wait"))
        elapsed = watch.last_busy - started
    verdict = judge(stack, photos)
    return LoadRun(
        verdict.current,
        uploaded,
        elapsed,
        watch.most_waiting,
        watch.oldest_seconds,
        watch.megabytes,
        verdict,
    )


class _Watch:
    """Looks at the queues and at the workers' memory once a second."""

    def __init__(self, local: LocalDeployment) -> None:
        self._local, self._stack = local, local.read()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.uploaded: list[float] = []
        self.last_busy = time.monotonic()
        self.most_waiting, self.oldest_seconds, self.megabytes = 0, 0.0, 0.0

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        sqs = aws(self._stack, "sqs")
        while not self._stop.wait(_SAMPLE_SECONDS):
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
        """How long ago the oldest of so many waiting messages was sent."""
        sizes = len(self._stack.sizes)
        served = max(0, len(self.uploaded) - waiting // sizes)
        return time.monotonic() - self.uploaded[served] if served < len(self.uploaded) else 0.0
