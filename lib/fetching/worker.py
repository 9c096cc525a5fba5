"""The worker of the fetch queue: what happens to each of its messages.

A message ends as a photo in the originals bucket, as an order that is not wanted any more, or
as a dead letter with its reason; or it goes back to the queue for another try.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from lib.aws.call_budget import CallBudget, SecondsLeft
from lib.errors import WORKER_STOPPED, NoTimeError, PermanentError, TransientError
from lib.fetching.fetcher import Fetcher, make_failed_record
from lib.fetching.jobs import FetchJob, parse_job
from lib.pipeline.messages import SqsMessage
from lib.pipeline.source_queue import Failure, SourceQueue
from lib.pipeline.telemetry import Telemetry

_STOPPED = (
    "its worker was stopped each time before it could say why, by its memory or its timeout: look "
    "at the function's log, then replay"
)


@dataclass(frozen=True)
class FetchWorker:
    """Drains the fetch queue, one order after the other; it is made for batches of one.

    `reserve` is kept of the time for what comes after the download, in seconds.
    """

    fetcher: Fetcher
    queue: SourceQueue
    reserved_seconds: float
    telemetry: Telemetry
    call_budget: CallBudget

    def drain(self, batch: list[SqsMessage], seconds_left: SecondsLeft) -> list[str]:
        """Carry out all orders of a batch; gives the ids of those that SQS must deliver again."""

        def done(message: SqsMessage) -> bool:
            try:
                with self.call_budget.limit(seconds_left):
                    return self._take(message, seconds_left)
            except Exception:  # noqa: BLE001  our own bug costs no neighbour: SQS delivers it again
                self.telemetry.crashed(message.id)
                return False

        return [message.id for message in batch if not done(message)]

    def _take(self, message: SqsMessage, seconds_left: SecondsLeft) -> bool:
        """Carry an order out, or park it; False to have it again."""
        began_at = datetime.now(UTC)
        order: FetchJob | None = None
        error: PermanentError | TransientError
        try:
            order = parse_job(message.body)
            self._carry_out(order, message, seconds_left)
        except (PermanentError, TransientError) as expected:
            error = expected
        except Exception as bug:  # noqa: BLE001  logged, tried again, parked at last
            self.telemetry.crashed(message.id)
            # Only the kind: its text may quote the URL.
            error = TransientError("crashed", type(bug).__name__)
        else:
            return True

        def record(failure: Failure, attempts: int) -> None:
            if order:
                self._record(order, failure, attempts)

        failure = Failure(order.path if order else "", error, began_at)
        return self.queue.settle(message, [failure], record)

    def _carry_out(self, order: FetchJob, message: SqsMessage, seconds_left: SecondsLeft) -> None:
        seconds = seconds_left() - self.reserved_seconds
        if seconds <= 0:
            raise NoTimeError
        if self.queue.is_last_attempt(message):
            # Nobody could leave this word afterwards: SQS parks the message without one.
            stopped = TransientError(WORKER_STOPPED, _STOPPED)
            failure = Failure(order.path, stopped, datetime.now(UTC))
            self._record(order, failure, message.attempts)
        started = time.monotonic()
        outcome = self.fetcher.run(order, seconds)
        took = (time.monotonic() - started) * 1000
        self.telemetry.fetched(order.path, outcome.action, outcome.length, took)

    def _record(self, order: FetchJob, failure: Failure, attempts: int) -> None:
        """Leave word for those who ask by the path; the message itself is safe."""
        mark = make_failed_record(order, failure.error, attempts, failure.began_at)
        try:
            self.fetcher.record(order, mark)
        except TransientError as refusal:
            self.telemetry.log_best_effort_failure("failure record", refusal)
