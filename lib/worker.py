"""One size's worker: what happens to each message of its queue.

A message ends in one of three ways: every record's variant is up to date; it is parked in the
size's dead-letter queue with the reason; or it goes back to the queue for another try.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lib import keys
from lib.aws import sqs as queues
from lib.errors import PermanentError, Reason, TransientError
from lib.events import ObjectEvent, read_message
from lib.telemetry import Telemetry
from lib.variants import Renderer

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Delay before another try: doubles from 5 s, and never exceeds 5 minutes, so that ten receives
# span about 25 minutes: longer than S3 or KMS throttles, shorter than anybody's patience.
FIRST_DELAY, MAX_DELAY = 5, 300
# The design's bound for the error attribute of a dead letter, in percent-encoded bytes.
MAX_ERROR_BYTES = 1024


@dataclass(frozen=True)
class Message:
    """An SQS message as a worker sees it; `attempts` counts this receive too.

    `at_risk`: a message of its batch has been received before, and may be one that kills its
    worker.
    """

    id: str
    body: str
    receipt_handle: str
    attempts: int
    at_risk: bool = False


class Failure(NamedTuple):
    """What stopped one record of a message."""

    path: str
    error: PermanentError | TransientError


class NoTimeError(TransientError):
    """The batch's time is nearly used up; the message was not begun and can be taken at once."""

    def __init__(self) -> None:
        super().__init__("no_time", "too little time left in this batch to begin")


@dataclass(frozen=True)
class Worker:
    """Drains the queue of one size.

    `seconds_left` tells how long the batch may still run; `reserve` is how long one photo may
    take, in seconds: with less left than that, nothing new is begun.
    """

    renderer: Renderer
    sqs: "SQSClient"
    queue_url: str
    dlq_url: str
    max_attempts: int
    reserve: float
    telemetry: Telemetry

    def take(self, message: Message, seconds_left: Callable[[], float]) -> None:
        """Bring everything a message names up to date, or park it.

        Raises TransientError for a message that SQS must deliver again. All records are tried,
        whatever becomes of the others: another try finds the finished ones current.
        """
        failures = self._failures(message, seconds_left)
        transient = next((f for f in failures if isinstance(f.error, TransientError)), None)
        if failures and (transient is None or message.attempts >= self.max_attempts):
            transient = self._park(message, transient or failures[0])
        if transient:
            self._return(message, transient)
            raise transient.error
        if message.at_risk:
            self._delete(message)

    def _failures(self, message: Message, seconds_left: Callable[[], float]) -> list[Failure]:
        try:
            events = read_message(message.body)
        except PermanentError as error:
            return [Failure("", error)]
        failures = []
        for event in events:
            path = event.key.removeprefix(keys.ORIGINALS)
            try:
                self._look_at(event, path, seconds_left)
            except (PermanentError, TransientError) as error:
                failures.append(Failure(path, error))
            except Exception as error:  # noqa: BLE001  logged, tried again, parked at last
                self.telemetry.crashed(message.id)
                failures.append(Failure(path, TransientError("crashed", repr(error))))
        return failures

    def _look_at(self, event: ObjectEvent, path: str, seconds_left: Callable[[], float]) -> None:
        if event.bucket != self.renderer.originals_bucket or not event.key.startswith(
            keys.ORIGINALS
        ):
            raise PermanentError(
                Reason.FOREIGN_OBJECT,
                f"{event.bucket}/{keys.escaped(event.key)} is not below "
                f"{self.renderer.originals_bucket}/{keys.ORIGINALS}: nothing else is rendered",
            )
        if event.is_folder_marker:
            return
        if seconds_left() < self.reserve:
            raise NoTimeError
        started = time.monotonic()
        outcome = self.renderer.bring_up_to_date(path)
        self.telemetry.finished(path, outcome, (time.monotonic() - started) * 1000)

    def _park(self, message: Message, failure: Failure) -> Failure | None:
        """Send the message to the dead-letter queue; where that fails, say why."""
        reason = failure.error.reason
        attributes = {
            "reason": reason,
            "error": _bounded(keys.escaped(str(failure.error))),
            "size": self.renderer.size.name,
            "path": keys.escaped(failure.path),
            "failed_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "attempts": str(message.attempts),
        }
        try:
            queues.send(self.sqs, self.dlq_url, message.body, attributes)
        except TransientError as error:
            return Failure(failure.path, error)
        self.telemetry.parked(message.id, failure.path, reason, str(failure.error))
        return None

    def _delete(self, message: Message) -> None:
        """Delete a finished message now: a neighbour may kill the worker before SQS is told."""
        try:
            queues.delete(self.sqs, self.queue_url, message.receipt_handle)
        except TransientError as error:
            self.telemetry.not_done("delete at once", error)

    def _return(self, message: Message, failure: Failure) -> None:
        delay = 0 if isinstance(failure.error, NoTimeError) else _delay(message.attempts)
        reason = failure.error.reason
        self.telemetry.returned(message.id, failure.path, reason, str(failure.error), delay)
        try:
            queues.return_after(self.sqs, self.queue_url, message.receipt_handle, delay)
        except TransientError as error:
            self.telemetry.not_done("delay", error)


def _delay(attempts: int) -> int:
    """Seconds until the next try: exponential, with jitter so that a burst spreads out."""
    longest = min(MAX_DELAY, FIRST_DELAY * 2 ** (attempts - 1))
    return random.randint(longest // 2, longest)  # noqa: S311  spreads load, guards nothing


def _bounded(escaped: str) -> str:
    """At most MAX_ERROR_BYTES, and no half of a %XX at the end."""
    cut = escaped[:MAX_ERROR_BYTES]
    return cut if cut == escaped else cut[: -2 if cut[-2] == "%" else len(cut)].removesuffix("%")


def riskiest_last(event: dict[str, Any]) -> dict[str, Any]:
    """The batch with its most received messages at the end.

    A message that kills its worker is received again and again. At the end of the batch it takes
    no neighbour along, for these are finished and deleted by then.
    """
    records = event.get("Records")
    if not isinstance(records, list):
        return event
    return {**event, "Records": sorted(records, key=attempts_of)}


def attempts_of(record: dict[str, Any]) -> int:
    """How often SQS has handed out a record of a batch, this time included."""
    return int(record["attributes"]["ApproximateReceiveCount"])
