"""The queue that a worker drains: sends failed messages to the DLQ, or returns or renews them.

A permanent failure goes to the DLQ. A message that was never tried is renewed before SQS would move
it there. Everything else returns to the queue.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from lib.aws import sqs as queues
from lib.aws.clients import SQSClient
from lib.errors import NoTimeError, PermanentError, TransientError, UnknownOutcomeError
from lib.pipeline.messages import MAY_STOP_WORKERS, UNTRIED_SINCE, SqsMessage, send_to_dlq
from lib.pipeline.redeliveries import Redeliveries
from lib.pipeline.telemetry import Telemetry
from lib.times import format_time

# Seconds before a retry: doubles from 5 s to at most 5 minutes, so that ten receives span about 25
# minutes: longer than S3 or KMS throttles, and short enough to wait for.
FIRST_DELAY, MAX_DELAY = 5, 300


class Failure(NamedTuple):
    """The error of one record of a message, and when the attempt began."""

    path: str
    error: PermanentError | TransientError
    began_at: datetime


@dataclass(frozen=True)
class SourceQueue:
    """A queue and its dead-letter queue; `size` is "" if the queue belongs to no size.

    `write_grace_seconds` is how long an unanswered write may still take effect.
    """

    sqs: SQSClient
    url: str
    dlq_url: str
    max_attempts: int
    write_grace_seconds: int
    telemetry: Telemetry
    redeliveries: Redeliveries
    size: str = ""

    def is_last_attempt(self, message: SqsMessage) -> bool:
        """Returns whether SQS moves the message to the dead-letter queue after this receive."""
        return message.attempts >= self.max_attempts

    def settle(
        self,
        message: SqsMessage,
        failures: list[Failure],
        record: Callable[[Failure, int], None],
    ) -> bool:
        """Acknowledges (True) or returns (False) a message, after its failures are handled.

        Calls `record` with each failure of a dead letter, and the message's attempts.
        """
        transient = next((f for f in failures if isinstance(f.error, TransientError)), None)
        untried = next((f for f in failures if isinstance(f.error, NoTimeError)), None)
        is_last = self.is_last_attempt(message)
        pending = transient
        if untried and is_last and not message.is_overdue:
            pending = self._renew(message, untried)
        elif failures and (transient is None or is_last):
            pending = self._send_to_dlq(message, transient or failures[0])
            for failure in [] if pending else failures:
                record(failure, message.attempts)
        if pending:
            self._return_to_queue(message, pending)
        return pending is None

    def delete(self, message: SqsMessage) -> None:
        """Deletes a finished message now: a later one may stop the worker before the batch ends."""
        try:
            queues.delete(self.sqs, self.url, message.receipt_handle)
        except TransientError as error:
            self.telemetry.log_best_effort_failure("delete at once", error)

    def _send_to_dlq(self, message: SqsMessage, failure: Failure) -> Failure | None:
        """Sends a message to the dead-letter queue; returns the failure if SQS rejects it."""
        path, error = failure.path, failure.error
        try:
            send_to_dlq(self.sqs, self.dlq_url, message, path, error, size=self.size)
        except TransientError as sqs_error:
            return failure._replace(error=sqs_error)
        self.telemetry.parked(message.id, path, error.reason, str(error))
        return None

    def _renew(self, message: SqsMessage, untried: Failure) -> Failure | None:
        """Sends a copy of a message to its queue; returns the failure if SQS rejects it.

        SQS counts the copy's receives from one. If the worker is stopped before it acknowledges the
        original message, both are delivered; the second finds the photo current.
        """
        since = message.untried_since or datetime.now(UTC)
        may_stop = self.redeliveries.may_have_stopped_a_worker(message)
        attributes = {
            UNTRIED_SINCE: format_time(since),
            MAY_STOP_WORKERS: "true" if may_stop else "",
        }
        try:
            queues.send(self.sqs, self.url, message.body, attributes)
        except TransientError as sqs_error:
            return untried._replace(error=sqs_error)
        self.telemetry.renewed(message.id, untried.path, since)
        return None

    def _return_to_queue(self, message: SqsMessage, failure: Failure) -> None:
        """Returns a message to its queue with a delay that fits the failure.

        If SQS rejects the delay, the visibility timeout applies.
        """
        self.redeliveries.note_returned(message)
        error = failure.error
        delay = self._delay(error, message.attempts)
        self.telemetry.returned(message.id, failure.path, error.reason, str(error), delay)
        try:
            queues.change_visibility(self.sqs, self.url, message.receipt_handle, delay)
        except TransientError as sqs_error:
            self.telemetry.log_best_effort_failure("delay", sqs_error)

    def _delay(self, error: Exception, attempts: int) -> int:
        """Returns the seconds until the next attempt: exponential, with jitter against bursts."""
        if isinstance(error, NoTimeError):
            return 0
        if isinstance(error, UnknownOutcomeError):
            # After that time, the next attempt reads the final state.
            return self.write_grace_seconds
        longest = min(MAX_DELAY, FIRST_DELAY * 2 ** (attempts - 1))
        return random.randint(longest // 2, longest)  # noqa: S311  spreads load, guards nothing
