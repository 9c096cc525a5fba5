"""Works through a batch within its time, whatever AWS does.

What is still under way when the time ends is left behind, and SQS delivers it again like the
messages of a worker that died. The thread that has it can begin no call any more.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from lib.aws.call_budget import REPORT_SECONDS
from lib.pipeline.deadline import Deadline
from lib.pipeline.messages import SqsMessage
from lib.pipeline.telemetry import Telemetry

# Seconds for what ends by itself once there is no time: it has only to tell SQS so.
_WORD_SECONDS = 0.5

Take = Callable[[SqsMessage], bool]


def work_through(
    groups: Iterable[Sequence[SqsMessage]],
    take: Take,
    deadline: Deadline,
    telemetry: Telemetry,
    *,
    abreast: int,
) -> list[SqsMessage]:
    """Take one group of messages after the other; gives those that `take` says are done.

    So many of a group are under way at once. A bug of ours costs its own message alone.
    """

    def guarded(message: SqsMessage) -> bool:
        try:
            return take(message)
        except Exception:  # noqa: BLE001  logged, and SQS delivers the message again
            telemetry.crashed(message.id)
            return False

    done: list[SqsMessage] = []
    pool = ThreadPoolExecutor(abreast)
    try:
        for group in groups:
            if deadline.left() <= 0:  # SQS does not answer either
                break
            done += _taken(pool, group, guarded, deadline, telemetry)
    finally:
        deadline.end()
        pool.shutdown(wait=False)
    return done


def _taken(
    pool: ThreadPoolExecutor,
    group: Sequence[SqsMessage],
    take: Take,
    deadline: Deadline,
    telemetry: Telemetry,
) -> list[SqsMessage]:
    futures = [pool.submit(take, message) for message in group]
    wait(futures, timeout=max(deadline.left() - REPORT_SECONDS, _WORD_SECONDS))
    not_begun = [future.cancel() for future in futures]
    wait(futures, timeout=_WORD_SECONDS)
    done = []
    for message, future, is_untried in zip(group, futures, not_begun, strict=True):
        if is_untried:
            is_done = take(message)  # there is no time for more than to say so
        elif future.done():
            is_done = future.result()
        else:
            telemetry.abandoned(message.id)
            is_done = False
        if is_done:
            done.append(message)
    return done
