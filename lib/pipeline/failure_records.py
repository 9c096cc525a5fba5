"""Failure records: why a path has no current variant of a size.

A dead-letter queue has no look-up by path. So a worker that sends a dead letter also writes a JSON
object to `<size>/<path>` in a private bucket; success or deletion removes it. A record does not
apply to an original uploaded after `began_at`. The last attempt writes a record before it starts,
because a stopped worker can write none.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, TypeAdapter

from lib.aws.clients import S3Client
from lib.errors import WORKER_STOPPED, ConflictError
from lib.pipeline.json_records import JsonRecords
from lib.times import Timestamp

_STOPPED_ERROR = (
    "memory or timeout stopped the worker in each attempt: give the size more memory in sizes.yml, "
    "deploy, replay"
)
# A record is written after its dead letter is sent, with some retries of S3 in between.
_MAX_WRITE_DELAY = timedelta(minutes=1)


class FailureRecord(BaseModel, frozen=True):
    """A failure; `began_at` is when the failed attempt started."""

    reason: str
    error: str
    attempts: int
    began_at: Timestamp
    failed_at: Timestamp

    def is_about(self, uploaded: datetime) -> bool:
        """Returns whether the attempt saw the original; S3 returns `uploaded` in whole seconds."""
        return self.began_at.replace(microsecond=0) >= uploaded.replace(microsecond=0)


def make_stopped_record(attempts: int) -> FailureRecord:
    """Builds the record written before the last attempt, in case the worker is stopped."""
    now = datetime.now(UTC)
    return FailureRecord(
        reason=WORKER_STOPPED, error=_STOPPED_ERROR, attempts=attempts, began_at=now, failed_at=now
    )


_RECORD = TypeAdapter(FailureRecord)


class FailureRecords(JsonRecords[FailureRecord]):
    """The failure records of one size."""

    def __init__(self, s3: S3Client, bucket: str, size_name: str) -> None:
        super().__init__(s3, bucket, size_name, _RECORD)

    def read(self, path: str) -> FailureRecord | None:
        """Returns a path's record for any original; None if there is no valid record."""
        stored = self.find(path)
        return stored.record if stored else None

    def clear_until(self, path: str, sent_at: datetime | None) -> None:
        """Deletes a path's record, unless it is of a later failure than that of `sent_at`."""
        stored = self.find(path)
        if stored is None:
            return
        record = stored.record
        if record is None or sent_at is None or record.failed_at - _MAX_WRITE_DELAY <= sent_at:
            with suppress(ConflictError):  # a later record replaced it
                self.delete_if_match(path, stored.etag)
