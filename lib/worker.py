"""One size's worker: what happens to each message of its queue.

A message ends in one of three ways: every record's variant is up to date; it is parked in the
size's dead-letter queue with the reason; or it goes back to the queue for another try.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from lib import keys
from lib.aws import sqs as queues
from lib.errors import PermanentError, Reason, TransientError
from lib.events import ObjectEvent, read_records
from lib.failure_records import FailureRecord, FailureRecords
from lib.messages import Message, NoTimeError, SecondsLeft, give_back, park
from lib.telemetry import Telemetry
from lib.variants import Renderer

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Photos of a batch that are under way at once. Measured with 30 ms a GET and 60 ms a PUT, one at
# a time keeps the core busy half of the time, two 0.84, three and four all of it.
ABREAST = 4
# Failures that name no place of ours where a record of them could be.
_PLACELESS = {Reason.MALFORMED_EVENT, Reason.FOREIGN_OBJECT, Reason.BAD_KEY}


class Failure(NamedTuple):
    """What stopped one record of a message, and when the attempt began."""

    path: str
    error: PermanentError | TransientError
    began_at: datetime


@dataclass(frozen=True)
class Worker:
    """Drains the queue of one size.

    `reserve` is how long one photo may take, and `landing` how long a write that was not
    answered may still be under way, in seconds.
    """

    renderer: Renderer
    records: FailureRecords
    sqs: "SQSClient"
    queue_url: str
    dlq_url: str
    max_attempts: int
    reserve: float
    landing: int
    telemetry: Telemetry

    def drain(self, batch: list[Message], seconds_left: SecondsLeft) -> list[str]:
        """Take all messages of a batch; gives the ids of those that SQS must deliver again.

        `seconds_left` tells how long the batch may still run. Where a message was received
        before, it may be one that kills its worker: they then run one after the other, the most
        received last, and each is deleted as it ends, so that a killer takes no neighbour along.
        """
        at_risk = any(message.attempts > 1 for message in batch)
        ordered = sorted(batch, key=lambda message: message.attempts)

        def done(message: Message) -> bool:
            try:
                return self._take(message, seconds_left, at_risk=at_risk)
            except Exception:  # noqa: BLE001  our own bug costs no neighbour: SQS delivers it again
                self.telemetry.crashed(message.id)
                return False

        with ThreadPoolExecutor(1 if at_risk else ABREAST) as pool:
            return [
                message.id
                for message, is_done in zip(ordered, pool.map(done, ordered), strict=True)
                if not is_done
            ]

    def _take(self, message: Message, seconds_left: SecondsLeft, *, at_risk: bool) -> bool:
        """Bring everything a message names up to date, or park it; False to have it again.

        All records are tried, whatever becomes of the others: another try finds the finished
        ones current.
        """
        failures = self._failures(message, seconds_left)
        transient = next((f for f in failures if isinstance(f.error, TransientError)), None)
        if failures and (transient is None or message.attempts >= self.max_attempts):
            transient = self._park(message, transient or failures[0], failures)
        if transient:
            self._give_back(message, transient)
        elif at_risk:
            self._delete(message)
        return transient is None

    def _failures(self, message: Message, seconds_left: SecondsLeft) -> list[Failure]:
        began_at = datetime.now(UTC)
        try:
            records = read_records(message.body)
        except PermanentError as error:
            return [Failure("", error, began_at)]
        failures = []
        for event in records:
            if isinstance(event, PermanentError):
                failures.append(Failure("", event, began_at))
                continue
            path = event.key.removeprefix(keys.ORIGINALS)
            began_at = datetime.now(UTC)
            try:
                self._look_at(event, path, seconds_left)
            except (PermanentError, TransientError) as error:
                failures.append(Failure(path, error, began_at))
            except Exception as error:  # noqa: BLE001  logged, tried again, parked at last
                self.telemetry.crashed(message.id)
                failures.append(Failure(path, TransientError("crashed", repr(error)), began_at))
        return failures

    def _look_at(self, event: ObjectEvent, path: str, seconds_left: SecondsLeft) -> None:
        if event.bucket != self.renderer.originals_bucket or not event.key.startswith(
            keys.ORIGINALS
        ):
            raise PermanentError(
                Reason.FOREIGN_OBJECT,
                f"{keys.escaped(event.bucket)}/{keys.escaped(event.key)} is not below "
                f"{self.renderer.originals_bucket}/{keys.ORIGINALS}: nothing else is rendered",
            )
        if event.is_folder_marker:
            return

        def check_time() -> None:
            if seconds_left() < self.reserve:
                raise NoTimeError

        check_time()
        started = time.monotonic()
        outcome = self.renderer.bring_up_to_date(path, check_time)
        self.telemetry.finished(path, outcome, (time.monotonic() - started) * 1000)
        if outcome.action != "current":
            self._clear_record(path)

    def _park(self, message: Message, failure: Failure, failures: list[Failure]) -> Failure | None:
        """Send the message to the dead-letter queue; where that fails, say why."""
        reason = failure.error.reason
        size = self.renderer.size.name
        try:
            park(self.sqs, self.dlq_url, message, failure.path, failure.error, size=size)
        except TransientError as error:
            return failure._replace(error=error)
        self.telemetry.parked(message.id, failure.path, reason, str(failure.error))
        for each in failures:
            self._record(each, message.attempts)
        return None

    def _record(self, failure: Failure, attempts: int) -> None:
        """Leave word for those who ask by the path; the dead letter itself is safe by now."""
        if failure.error.reason in _PLACELESS:
            return
        record = FailureRecord(
            reason=failure.error.reason,
            error=str(failure.error),
            attempts=attempts,
            began_at=failure.began_at,
            failed_at=datetime.now(UTC),
        )
        try:
            self.records.write(failure.path, record)
        except TransientError as error:
            self.telemetry.not_done("failure record", error)

    def _clear_record(self, path: str) -> None:
        try:
            self.records.clear(path)
        except TransientError as error:
            self.telemetry.not_done("clearing of a failure record", error)

    def _delete(self, message: Message) -> None:
        """Delete a finished message now: a neighbour may kill the worker before SQS is told."""
        try:
            queues.delete(self.sqs, self.queue_url, message.receipt_handle)
        except TransientError as error:
            self.telemetry.not_done("delete at once", error)

    def _give_back(self, message: Message, failure: Failure) -> None:
        give_back(
            self.sqs,
            self.queue_url,
            message,
            failure.path,
            failure.error,
            landing=self.landing,
            telemetry=self.telemetry,
        )
