"""One size's worker: what happens to each message of its queue.

A message ends in one of three ways: every record's variant is up to date; it is parked in the
size's dead-letter queue with the reason; or it goes back to the queue for another try.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from lib import keys
from lib.aws.call_budget import CallBudget, SecondsLeft
from lib.errors import NoTimeError, PermanentError, Reason, TransientError
from lib.pipeline.batch import work_through
from lib.pipeline.deadline import Deadline
from lib.pipeline.events import ObjectEvent, parse_records
from lib.pipeline.failure_records import FailureRecord, FailureRecords, stopped_record
from lib.pipeline.messages import SqsMessage
from lib.pipeline.reconciler import VariantReconciler
from lib.pipeline.source_queue import Failure, SourceQueue
from lib.pipeline.telemetry import Telemetry

# Photos of a batch that are under way at once. Measured with 30 ms a GET and 60 ms a PUT, one at
# a time keeps the core busy half of the time, two 0.84, three and four all of it.
ABREAST = 4
# Failures that name no place of ours where a record of them could be.
_PLACELESS = {Reason.MALFORMED_EVENT, Reason.FOREIGN_OBJECT, Reason.BAD_KEY}


@dataclass(frozen=True)
class ResizeWorker:
    """Drains the queue of one size.

    `reserve` is how long one photo may take, in seconds.
    """

    reconciler: VariantReconciler
    records: FailureRecords
    queue: SourceQueue
    reserved_seconds: float
    telemetry: Telemetry
    call_budget: CallBudget

    def drain(self, batch: list[SqsMessage], seconds_left: SecondsLeft) -> list[str]:
        """Take all messages of a batch; gives the ids of those that SQS must deliver again.

        `seconds_left` tells how long the batch may still run. What may have stopped a worker
        before comes last, one message after the other, and what ends before is deleted at once:
        so it takes no neighbour along. What was only given back is worked on like the rest.
        """
        deadline = Deadline(seconds_left, self.reserved_seconds)
        is_suspect = self.queue.redeliveries.may_have_stopped_a_worker
        suspects = [message for message in batch if is_suspect(message)]
        others = [m for m in batch if m not in suspects]
        alone = ([each] for each in sorted(suspects, key=lambda message: message.attempts))

        def take(message: SqsMessage) -> bool:
            with self.call_budget.limit(deadline.left):
                return self._take(message, deadline, at_risk=bool(suspects))

        done = work_through((others, *alone), take, deadline, self.telemetry, abreast=ABREAST)
        return [message.id for message in batch if message not in done]

    def _take(self, message: SqsMessage, deadline: Deadline, *, at_risk: bool) -> bool:
        """Bring everything a message names up to date, or park it; False to have it again.

        All records are tried, whatever becomes of the others: another try finds the finished
        ones current.
        """
        failures = self._failures(message, deadline)
        if deadline.is_over:
            return False
        is_settled = self.queue.settle(message, failures, self._record)
        if is_settled and at_risk:
            self.queue.delete(message)
        return is_settled

    def _failures(self, message: SqsMessage, deadline: Deadline) -> list[Failure]:
        try:
            records = parse_records(message.body)
        except PermanentError as error:
            return [Failure("", error, datetime.now(UTC))]
        failures = []
        for event in records:
            began_at = datetime.now(UTC)
            if isinstance(event, PermanentError):
                failures.append(Failure("", event, began_at))
                continue
            path = event.key.removeprefix(keys.ORIGINALS)
            try:
                self._look_at(event, path, message, deadline)
            except (PermanentError, TransientError) as error:
                failures.append(Failure(path, error, began_at))
            except Exception as error:  # noqa: BLE001  logged, tried again, parked at last
                self.telemetry.crashed(message.id)
                failures.append(Failure(path, TransientError("crashed", repr(error)), began_at))
        return failures

    def _look_at(
        self, event: ObjectEvent, path: str, message: SqsMessage, deadline: Deadline
    ) -> None:
        if event.bucket != self.reconciler.originals_bucket or not event.key.startswith(
            keys.ORIGINALS
        ):
            raise PermanentError(
                Reason.FOREIGN_OBJECT,
                f"{keys.escaped(event.bucket)}/{keys.escaped(event.key)} is not below "
                f"{self.reconciler.originals_bucket}/{keys.ORIGINALS}: nothing else is rendered",
            )
        if event.is_folder_marker:
            return
        keys.variant_key(self.reconciler.size.name, path)  # what can have no variant needs no time
        deadline.check()
        is_last = self.queue.is_last_attempt(message)
        if is_last:
            self._expect_to_be_stopped(path, message.attempts)
        started = time.monotonic()
        try:
            outcome = self.reconciler.reconcile(path, deadline)
        except NoTimeError:
            if is_last:  # it was none
                self._clear_record(path)
            raise
        self.telemetry.finished(path, outcome, (time.monotonic() - started) * 1000)
        if is_last or outcome.action != "current":
            self._clear_record(path)

    def _expect_to_be_stopped(self, path: str, attempts: int) -> None:
        """Leave the word that nobody could leave afterwards: SQS parks the message without one."""
        self._write_record(path, stopped_record(attempts))

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
        with self.call_budget.allow_late():
            self._write_record(failure.path, record)

    def _write_record(self, path: str, record: FailureRecord) -> None:
        try:
            self.records.put(path, record)
        except TransientError as error:
            self.telemetry.log_best_effort_failure("failure record", error)

    def _clear_record(self, path: str) -> None:
        try:
            with self.call_budget.allow_late():
                self.records.delete(path)
        except TransientError as error:
            self.telemetry.log_best_effort_failure("clearing of a failure record", error)
