"""The worker of the fetch queue: what happens to each of its messages.

A message ends as a photo in the originals bucket, as an order that is not wanted any more, or
as a dead letter with its reason; or it goes back to the queue for another try.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lib.aws.patience import Patience, SecondsLeft
from lib.errors import WORKER_STOPPED, NoTimeError, PermanentError, TransientError
from lib.fetching.fetcher import Fetcher, failed_mark
from lib.fetching.orders import FetchOrder, read_order
from lib.messages import Message, give_back, park, renew
from lib.telemetry import Telemetry

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_STOPPED = (
    "its worker was stopped each time before it could say why, by its memory or its timeout: look "
    "at the function's log, then replay"
)


@dataclass(frozen=True)
class FetchWorker:
    """Drains the fetch queue, one order after the other; it is made for batches of one.

    `reserve` is kept of the time for what comes after the download, and `landing` how long a
    write that was not answered may still be under way, in seconds.
    """

    fetcher: Fetcher
    sqs: "SQSClient"
    queue_url: str
    dlq_url: str
    max_attempts: int
    reserve: float
    landing: int
    telemetry: Telemetry
    patience: Patience

    def drain(self, batch: list[Message], seconds_left: SecondsLeft) -> list[str]:
        """Carry out all orders of a batch; gives the ids of those that SQS must deliver again."""

        def done(message: Message) -> bool:
            try:
                with self.patience.until(seconds_left):
                    return self._take(message, seconds_left)
            except Exception:  # noqa: BLE001  our own bug costs no neighbour: SQS delivers it again
                self.telemetry.crashed(message.id)
                return False

        return [message.id for message in batch if not done(message)]

    def _take(self, message: Message, seconds_left: SecondsLeft) -> bool:
        """Carry an order out, or park it; False to have it again."""
        began_at = datetime.now(UTC)
        order: FetchOrder | None = None
        try:
            order = read_order(message.body)
            self._carry_out(order, message, seconds_left)
        except (PermanentError, TransientError) as error:
            return self._failed(message, order, error, began_at)
        except Exception as error:  # noqa: BLE001  logged, tried again, parked at last
            self.telemetry.crashed(message.id)
            # Only the kind: its text may quote the URL.
            crash = TransientError("crashed", type(error).__name__)
            return self._failed(message, order, crash, began_at)
        return True

    def _carry_out(self, order: FetchOrder, message: Message, seconds_left: SecondsLeft) -> None:
        seconds = seconds_left() - self.reserve
        if seconds <= 0:
            raise NoTimeError
        if self._is_last(message):
            # Nobody could leave this word afterwards: SQS parks the message without one.
            stopped = TransientError(WORKER_STOPPED, _STOPPED)
            self._record(order, stopped, message.attempts, datetime.now(UTC))
        started = time.monotonic()
        outcome = self.fetcher.carry_out(order, seconds)
        took = (time.monotonic() - started) * 1000
        self.telemetry.fetched(order.path, outcome.action, outcome.length, took)

    def _failed(
        self,
        message: Message,
        order: FetchOrder | None,
        error: PermanentError | TransientError,
        began_at: datetime,
    ) -> bool:
        """Park what cannot succeed or has been tried enough; give the rest back."""
        path = order.path if order else ""
        is_last = self._is_last(message)
        if isinstance(error, NoTimeError) and is_last and not message.is_overdue:
            return self._renew(message, path)
        gives_up = is_last or isinstance(error, PermanentError)
        refusal = self._park(message, path, error) if gives_up else error
        if refusal is not None:
            give_back(
                self.sqs,
                self.queue_url,
                message,
                path,
                refusal,
                landing=self.landing,
                telemetry=self.telemetry,
            )
            return False
        if order:
            self._record(order, error, message.attempts, began_at)
        return True

    def _is_last(self, message: Message) -> bool:
        return message.attempts >= self.max_attempts

    def _renew(self, message: Message, path: str) -> bool:
        """Put an order that was not begun into its queue anew; False where that fails."""
        try:
            since = renew(self.sqs, self.queue_url, message, may_stop_workers=False)
        except TransientError as refusal:
            self.telemetry.not_done("copy of a message", refusal)
            return False
        self.telemetry.renewed(message.id, path, since)
        return True

    def _park(
        self, message: Message, path: str, error: PermanentError | TransientError
    ) -> TransientError | None:
        """Send a message to the dead-letter queue; where that fails, say why."""
        try:
            park(self.sqs, self.dlq_url, message, path, error)
        except TransientError as refusal:
            return refusal
        self.telemetry.parked(message.id, path, error.reason, str(error))
        return None

    def _record(
        self,
        order: FetchOrder,
        error: PermanentError | TransientError,
        attempts: int,
        began_at: datetime,
    ) -> None:
        """Leave word for those who ask by the path; the message itself is safe."""
        try:
            self.fetcher.record(order, failed_mark(order, error, attempts, began_at))
        except TransientError as refusal:
            self.telemetry.not_done("failure record", refusal)
