"""One size's worker: reconciles the paths that its queue's messages name.

A message ends in one of three ways: the variants of all its records are current; the worker sends
it to the dead-letter queue with the reason; or it returns to the queue for another attempt.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from lib import keys
from lib.aws.call_budget import CallBudget, SecondsLeft
from lib.errors import NoTimeError, PermanentError, Reason, TransientError
from lib.pipeline.batch import process_groups
from lib.pipeline.deadline import Deadline
from lib.pipeline.events import ObjectEvent, parse_records
from lib.pipeline.failure_records import FailureRecord, FailureRecords, make_stopped_record
from lib.pipeline.messages import SqsMessage
from lib.pipeline.reconciler import ReconcileResult, VariantReconciler
from lib.pipeline.source_queue import Failure, SourceQueue
from lib.pipeline.telemetry import Telemetry

# Photos of a batch that are under way at once: all. One is rendered at a time, and the memory for
# their bytes bounds how many are downloaded (render_slots.py); calls of small photos take longer
# than their rendering, so four at once kept the core busy half of the time.
MAX_WORKERS = 10
# Failures without a valid path, under which a record could be stored.
_WITHOUT_PATH = {Reason.MALFORMED_EVENT, Reason.FOREIGN_OBJECT, Reason.BAD_KEY}


@dataclass(frozen=True)
class ResizeWorker:
    """Drains the queue of one size; `reserved_seconds` is the longest time of one photo."""

    reconciler: VariantReconciler
    records: FailureRecords
    queue: SourceQueue
    reserved_seconds: float
    telemetry: Telemetry
    call_budget: CallBudget

    def drain(self, batch: list[SqsMessage], seconds_left: SecondsLeft) -> list[str]:
        """Processes a batch; returns the ids of the messages that SQS must redeliver.

        `seconds_left` returns how long the batch may still run. Messages that may have stopped a
        worker run last, one at a time, and each message finished before is deleted at once: if one
        stops this worker too, only that message is redelivered.
        """
        deadline = Deadline(seconds_left, self.reserved_seconds)
        is_suspect = self.queue.redeliveries.may_have_stopped_a_worker
        suspects = [message for message in batch if is_suspect(message)]
        others = [m for m in batch if m not in suspects]
        one_by_one = ([m] for m in sorted(suspects, key=lambda message: message.attempts))

        def process(message: SqsMessage) -> bool:
            with self.call_budget.limit(deadline.left):
                return self._process(message, deadline, delete_now=bool(suspects))

        done = process_groups(
            (others, *one_by_one), process, deadline, self.telemetry, max_workers=MAX_WORKERS
        )
        return [message.id for message in batch if message not in done]

    def _process(self, message: SqsMessage, deadline: Deadline, *, delete_now: bool) -> bool:
        """Reconciles all records of a message; returns False if SQS must redeliver it.

        A failed record does not stop the others; the next attempt finds finished ones current.
        """
        failures = self._reconcile_all(message, deadline)
        if deadline.is_over:
            return False
        is_settled = self.queue.settle(message, failures, self._record)
        if is_settled and delete_now:
            self.queue.delete(message)
        return is_settled

    def _reconcile_all(self, message: SqsMessage, deadline: Deadline) -> list[Failure]:
        try:
            events = parse_records(message.body)
        except PermanentError as error:
            return [Failure("", error, datetime.now(UTC))]
        failures = []
        for event in events:
            began_at = datetime.now(UTC)
            if isinstance(event, PermanentError):
                failures.append(Failure("", event, began_at))
                continue
            path = self.reconciler.originals.path(event.key)
            try:
                self._reconcile(event, path, message, deadline)
            except (PermanentError, TransientError) as error:
                failures.append(Failure(path, error, began_at))
            except Exception as error:  # noqa: BLE001  logged, retried, at last a dead letter
                self.telemetry.crashed(message.id)
                failures.append(Failure(path, TransientError("crashed", repr(error)), began_at))
        return failures

    def _reconcile(
        self, event: ObjectEvent, path: str, message: SqsMessage, deadline: Deadline
    ) -> None:
        if not self.reconciler.originals.has(event.bucket, event.key):
            raise PermanentError(
                Reason.FOREIGN_OBJECT,
                f"{keys.escaped(event.bucket)}/{keys.escaped(event.key)} is not below "
                f"{self.reconciler.originals}: nothing else is rendered",
            )
        if event.is_folder_marker:
            return
        if self.reconciler.size.applies_to(path):
            keys.variant_key(self.reconciler.size.name, path)  # an invalid path fails without time
        elif event.is_upload and not message.was_dead_letter:
            self.telemetry.finished(path, self.reconciler.skip(path), 0)
            return
        deadline.check()
        is_last = self.queue.is_last_attempt(message)
        if is_last:
            # A worker that is stopped could not write the record afterwards.
            self._write_record(path, make_stopped_record(message.attempts))
        started = time.monotonic()
        try:
            result = self.reconciler.reconcile(path, deadline)
        except NoTimeError:
            if is_last:  # no attempt was made after all
                self._clear_record(path)
            raise
        self.telemetry.finished(path, result, (time.monotonic() - started) * 1000)
        if is_last or (result.action != "current" and _may_have_record(event, message, result)):
            self._clear_record(path)

    def _record(self, failure: Failure, attempts: int) -> None:
        """Writes the failure record; the dead letter is already sent."""
        if failure.error.reason in _WITHOUT_PATH:
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


def _may_have_record(event: ObjectEvent, message: SqsMessage, result: ReconcileResult) -> bool:
    """Returns whether a failure record of the rendered original may exist.

    None can where S3's own event is delivered for the first time, as nearly all are: that saves a
    call for each variant. A record of an earlier original, which nothing reads, then expires.
    """
    is_new = event.is_from_s3 and message.is_first_delivery
    return not is_new or result.action != "rendered"
