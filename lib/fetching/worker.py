"""Worker of the fetch queue: runs the fetch job of each message.

A message ends as an original, as a cancelled job, or as a dead letter with its reason; otherwise it
returns to the queue for another attempt.
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

_STOPPED_ERROR = (
    "memory or timeout stopped the worker in each attempt: read the function's log, then replay"
)


@dataclass(frozen=True)
class FetchWorker:
    """Drains the fetch queue, one job after the other; meant for batches of one.

    `reserved_seconds` is the time for the steps after the download.
    """

    fetcher: Fetcher
    queue: SourceQueue
    reserved_seconds: float
    telemetry: Telemetry
    call_budget: CallBudget

    def drain(self, batch: list[SqsMessage], seconds_left: SecondsLeft) -> list[str]:
        """Runs all jobs of a batch; returns the ids of the messages that SQS must redeliver."""

        def is_done(message: SqsMessage) -> bool:
            try:
                with self.call_budget.limit(seconds_left):
                    return self._process(message, seconds_left)
            except Exception:  # noqa: BLE001  a bug affects one message only: SQS redelivers it
                self.telemetry.crashed(message.id)
                return False

        return [message.id for message in batch if not is_done(message)]

    def _process(self, message: SqsMessage, seconds_left: SecondsLeft) -> bool:
        """Runs the job of a message; returns False if SQS must redeliver it."""
        began_at = datetime.now(UTC)
        job: FetchJob | None = None
        error: PermanentError | TransientError
        try:
            job = parse_job(message.body)
            self._run(job, message, seconds_left)
        except (PermanentError, TransientError) as expected:
            error = expected
        except Exception as bug:  # noqa: BLE001  logged, retried, at last a dead letter
            self.telemetry.crashed(message.id)
            # Only the type: the text may quote the URL.
            error = TransientError("crashed", type(bug).__name__)
        else:
            return True

        def record(failure: Failure, attempts: int) -> None:
            if job:
                self._record(job, failure, attempts)

        failure = Failure(job.path if job else "", error, began_at)
        return self.queue.settle(message, [failure], record)

    def _run(self, job: FetchJob, message: SqsMessage, seconds_left: SecondsLeft) -> None:
        seconds = seconds_left() - self.reserved_seconds
        if seconds <= 0:
            raise NoTimeError
        if self.queue.is_last_attempt(message):
            # A worker that is stopped could not write the record afterwards.
            stopped = TransientError(WORKER_STOPPED, _STOPPED_ERROR)
            self._record(job, Failure(job.path, stopped, datetime.now(UTC)), message.attempts)
        started = time.monotonic()
        result = self.fetcher.run(job, seconds)
        milliseconds = (time.monotonic() - started) * 1000
        self.telemetry.fetched(job.path, result.action, result.length, milliseconds)

    def _record(self, job: FetchJob, failure: Failure, attempts: int) -> None:
        """Writes the record that status reads; the queues keep the message without it too."""
        record = make_failed_record(job, failure.error, attempts, failure.began_at)
        try:
            self.fetcher.record(job, record)
        except TransientError as error:
            self.telemetry.log_best_effort_failure("failure record", error)
