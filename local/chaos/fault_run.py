"""Uploads while S3 ails and workers die; at the end nothing may be missing, stale or unexplained."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from lib.dead_letters import DeadLetters
from local.chaos.faults import Faults
from local.chaos.photos import Photo, upload
from local.chaos.verdict import Verdict, judge, queue_name, url, wait_until_quiet
from local.client import aws
from local.stack import LocalStack, Stack

# A killed worker's batch is hidden for two minutes on the local stage, and may be hit again.
_QUIET_SECONDS = 900
_DENIED_SECONDS = 3

Tell = Callable[[str], None]


@dataclass(frozen=True)
class FaultRun:
    """What happened: faults by name, and the verdicts before and after the one replay."""

    photos: list[Photo]
    sizes: int
    faults: Counter[str]
    killed: int
    seconds: float
    before: Verdict
    replayed: int
    after: Verdict


def run(local: LocalStack, count: int, kills: int, tell: Tell) -> FaultRun:
    """Upload so many photos through all faults, wait until all is quiet, replay once, judge."""
    stack, started = local.read(), time.monotonic()
    with Faults(local) as faults:
        faults.begin()
        killer = _Killer(faults, kills)
        photos = upload(
            aws(stack, "s3"),
            stack.originals_bucket,
            count,
            lambda done: _under_fire(faults, killer, done, count, tell),
        )
        wait_until_quiet(stack, _QUIET_SECONDS, lambda n: tell(f"{n} messages wait"))
        before = judge(stack, photos)
        fired = faults.fired()
        faults.end()
        replayed = _replay(stack)
        wait_until_quiet(stack, _QUIET_SECONDS, lambda n: tell(f"after the replay {n} wait"))
    return FaultRun(
        photos,
        len(stack.sizes),
        fired,
        killer.killed,
        time.monotonic() - started,
        before,
        replayed,
        judge(stack, photos),
    )


class _Killer:
    """Kills workers as uploads go on: the first after a third of them, the others evenly."""

    def __init__(self, faults: Faults, kills: int) -> None:
        self._faults, self._kills, self.killed = faults, kills, 0
        self._lock = threading.Lock()

    def at(self, share: float) -> None:
        """Kill one if it is time; `share` of the uploads are done."""
        with self._lock:
            due = self._kills * (share - 1 / 3) * 3 / 2
            if self.killed < min(self._kills, int(due) + (share > 1 / 3)):
                self.killed += self._faults.kill_a_worker()


def _under_fire(faults: Faults, killer: _Killer, done: int, count: int, tell: Tell) -> None:
    tell(f"{done} of {count} uploaded")
    if done == count // 2:
        faults.deny(_DENIED_SECONDS)
    killer.at(done / count)


def _replay(stack: Stack) -> int:
    sqs = aws(stack, "sqs")
    return sum(
        DeadLetters(sqs, url(sqs, f"{queue_name(size)}-dlq"))
        .replay(url(sqs, queue_name(size)))
        .taken
        for size in stack.sizes
    )
