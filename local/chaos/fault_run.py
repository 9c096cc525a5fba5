"""Uploads photos while S3 fails and workers are killed, then checks every variant."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lib.aws.sqs import find_queue
from lib.dead_letters.queue import DeadLetterQueue
from lib.plurals import pluralize
from local.chaos.background import run_beside
from local.chaos.faults import Faults
from local.chaos.uploads import Photo, upload
from local.chaos.verdict import Verdict, judge, queue_name, wait_until_quiet
from local.client import aws
from local.stack import DeployedStack, LocalDeployment

# A killed worker's batch stays hidden for two minutes on the local stage, perhaps repeatedly.
_QUIET_SECONDS = 900
# A few batches; SQS redelivers them, and each message has attempts left.
_DENIED_READS = 20
# Between two kills: time for a worker to restart and begin a batch.
_KILL_SECONDS = 4
_POLL_SECONDS = 0.2

OnProgress = Callable[[str], None]


@dataclass(frozen=True)
class FaultRun:
    """Faults by name, and the verdicts before and after the single replay."""

    photos: list[Photo]
    sizes: int
    faults: Counter[str]
    killed: int
    seconds: float
    before: Verdict
    replayed: int
    after: Verdict


def run(local: LocalDeployment, count: int, kills: int, on_progress: OnProgress) -> FaultRun:
    """Uploads `count` photos with all faults, waits for empty queues, replays once, and judges."""
    stack, started = local.read(), time.monotonic()
    with Faults(local) as faults:
        faults.start()
        killed: list[bool] = []
        with run_beside(partial(_kill_workers, faults, kills, killed)):
            photos = upload(
                aws(stack, "s3"),
                stack.originals,
                count,
                lambda done: on_progress(f"{done} of {count} uploaded"),
            )
            wait_until_quiet(
                stack,
                _QUIET_SECONDS,
                lambda n: on_progress(f"{pluralize(n, 'message')} in the queues"),
            )
        before = judge(stack, photos)
        fired = faults.fired()
        faults.stop()
        replayed = _replay(stack)
        wait_until_quiet(stack, _QUIET_SECONDS, lambda n: on_progress(f"after the replay {n} wait"))
    return FaultRun(
        photos,
        len(stack.sizes),
        fired,
        sum(killed),
        time.monotonic() - started,
        before,
        replayed,
        judge(stack, photos),
    )


def _kill_workers(faults: Faults, kills: int, killed: list[bool], is_over: threading.Event) -> None:
    """Once workers are busy, makes S3 deny some reads, then kills one worker after another."""
    while not faults.fired() and not is_over.wait(_POLL_SECONDS):
        pass
    faults.deny(_DENIED_READS)
    while sum(killed) < kills and not is_over.wait(_KILL_SECONDS):
        killed.append(faults.kill_a_worker())


def _replay(stack: DeployedStack) -> int:
    sqs = aws(stack, "sqs")
    return sum(
        DeadLetterQueue(sqs, find_queue(sqs, f"{queue_name(size)}-dlq"), stack.originals)
        .replay(find_queue(sqs, queue_name(size)))
        .taken
        for size in stack.sizes
    )
