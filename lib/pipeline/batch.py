"""Processes a batch within its time, even if AWS is slow.

SQS redelivers a message that is unfinished at the end. Its thread keeps running but can start no
further call.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from lib.aws.call_budget import REPORT_SECONDS
from lib.pipeline.deadline import Deadline
from lib.pipeline.messages import SqsMessage
from lib.pipeline.telemetry import Telemetry

# Seconds for a message that is out of time: only its return to the queue remains.
_RETURN_SECONDS = 0.5

Process = Callable[[SqsMessage], bool]


def process_groups(
    groups: Iterable[Sequence[SqsMessage]],
    process: Process,
    deadline: Deadline,
    telemetry: Telemetry,
    *,
    max_workers: int,
) -> list[SqsMessage]:
    """Processes groups of messages in turn; returns those for which `process` returned True.

    Up to `max_workers` messages of a group run at once. An unexpected exception affects only its
    own message.
    """

    def process_safely(message: SqsMessage) -> bool:
        try:
            return process(message)
        except Exception:  # noqa: BLE001  logged, and SQS redelivers the message
            telemetry.crashed(message.id)
            return False

    done: list[SqsMessage] = []
    pool = ThreadPoolExecutor(max_workers)
    try:
        for group in groups:
            if deadline.left() <= 0:  # SQS does not respond either
                break
            done += _process_group(pool, group, process_safely, deadline, telemetry)
    finally:
        deadline.end()
        pool.shutdown(wait=False)
    return done


def _process_group(
    pool: ThreadPoolExecutor,
    group: Sequence[SqsMessage],
    process: Process,
    deadline: Deadline,
    telemetry: Telemetry,
) -> list[SqsMessage]:
    futures = [pool.submit(process, message) for message in group]
    wait(futures, timeout=max(deadline.left() - REPORT_SECONDS, _RETURN_SECONDS))
    cancelled = [future.cancel() for future in futures]
    wait(futures, timeout=_RETURN_SECONDS)
    done = []
    for message, future, is_untried in zip(group, futures, cancelled, strict=True):
        if is_untried:
            is_done = process(message)  # out of time: only returns the message to the queue
        elif future.done():
            is_done = future.result()
        else:
            telemetry.abandoned(message.id)
            is_done = False
        if is_done:
            done.append(message)
    return done
