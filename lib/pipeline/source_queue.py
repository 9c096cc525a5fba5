"""The queue that a worker drains, and what becomes of a message that failed.

Workers of both kinds do the same: they park what cannot succeed, renew what was never begun
before SQS would park it, and give the rest back for another try.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from lib.aws import sqs as queues
from lib.errors import NoTimeError, PermanentError, TransientError, UnknownOutcomeError
from lib.pipeline.messages import MAY_STOP_WORKERS, UNTRIED_SINCE, SqsMessage, send_to_dlq
from lib.pipeline.redeliveries import Redeliveries
from lib.pipeline.telemetry import Telemetry

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Delay before another try: doubles from 5 s, and never exceeds 5 minutes, so that ten receives
# span about 25 minutes: longer than S3 or KMS throttles, shorter than anybody's patience.
FIRST_DELAY, MAX_DELAY = 5, 300


class Failure(NamedTuple):
    """What stopped one record of a message, and when the attempt began."""

    path: str
    error: PermanentError | TransientError
    began_at: datetime


@dataclass(frozen=True)
class SourceQueue:
    """A queue and its dead-letter queue; `size` is "" if it belongs to no size.

    `landing` is how long a write that was not answered may still be under way, in seconds.
    """

    sqs: "SQSClient"
    url: str
    dlq_url: str
    max_attempts: int
    write_grace_seconds: int
    telemetry: Telemetry
    redeliveries: Redeliveries
    size: str = ""

    def is_last_attempt(self, message: SqsMessage) -> bool:
        """Whether SQS moves the message to the dead-letter queue after this receive."""
        return message.attempts >= self.max_attempts

    def settle(
        self,
        message: SqsMessage,
        failures: list[Failure],
        record: Callable[[Failure, int], None],
    ) -> bool:
        """Park or renew a message that failed; give it back (False) if another try may succeed.

        Calls `record` with each failure of a parked message, and the number of its attempts.
        """
        transient = next((f for f in failures if isinstance(f.error, TransientError)), None)
        untried = next((f for f in failures if isinstance(f.error, NoTimeError)), None)
        is_last = self.is_last_attempt(message)
        again = transient
        if untried and is_last and not message.is_overdue:
            again = self._renew(message, untried)
        elif failures and (transient is None or is_last):
            again = self._park(message, transient or failures[0])
            for each in [] if again else failures:
                record(each, message.attempts)
        if again:
            self._give_back(message, again)
        return again is None

    def delete(self, message: SqsMessage) -> None:
        """Delete a finished message now: a neighbour may kill the worker before SQS is told."""
        try:
            queues.delete(self.sqs, self.url, message.receipt_handle)
        except TransientError as error:
            self.telemetry.log_best_effort_failure("delete at once", error)

    def _park(self, message: SqsMessage, failure: Failure) -> Failure | None:
        """Send a message to the dead-letter queue; returns the failure if that fails."""
        path, error = failure.path, failure.error
        try:
            send_to_dlq(self.sqs, self.dlq_url, message, path, error, size=self.size)
        except TransientError as refusal:
            return failure._replace(error=refusal)
        self.telemetry.parked(message.id, path, error.reason, str(error))
        return None

    def _renew(self, message: SqsMessage, untried: Failure) -> Failure | None:
        """Put a copy of a message into its queue; returns the failure if that fails.

        SQS counts the copy's receives from one again. A worker that dies before it acknowledges
        the message leaves two, of which the second one's photo is current.
        """
        since = message.untried_since or datetime.now(UTC)
        suspect = self.redeliveries.may_have_stopped_a_worker(message)
        attributes = {
            UNTRIED_SINCE: since.isoformat(timespec="seconds"),
            MAY_STOP_WORKERS: "true" if suspect else "",
        }
        try:
            queues.send(self.sqs, self.url, message.body, attributes)
        except TransientError as refusal:
            return untried._replace(error=refusal)
        self.telemetry.renewed(message.id, untried.path, since)
        return None

    def _give_back(self, message: SqsMessage, failure: Failure) -> None:
        """Have SQS deliver a message again after a delay that fits what stopped it.

        If SQS rejects the delay, the message waits out its visibility timeout.
        """
        self.redeliveries.note_returned(message)
        error = failure.error
        delay = self._delay(error, message.attempts)
        self.telemetry.returned(message.id, failure.path, error.reason, str(error), delay)
        try:
            queues.change_visibility(self.sqs, self.url, message.receipt_handle, delay)
        except TransientError as refusal:
            self.telemetry.log_best_effort_failure("delay", refusal)

    def _delay(self, error: Exception, attempts: int) -> int:
        """Seconds until the next try: exponential, with jitter so that a burst spreads out."""
        if isinstance(error, NoTimeError):
            return 0
        if isinstance(error, UnknownOutcomeError):
            # Once it has landed, the next try sees it, and mends what it has done.
            return self.write_grace_seconds
        longest = min(MAX_DELAY, FIRST_DELAY * 2 ** (attempts - 1))
        return random.randint(longest // 2, longest)  # noqa: S311  spreads load, guards nothing
