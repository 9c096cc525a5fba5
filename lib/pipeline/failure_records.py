"""Failure records: why a path has no current variant of a size, for whoever asks by its name.

A dead-letter queue has no look-up. So parking also leaves a small JSON object under
`<size>/<path>` in a private bucket of its own, and success or deletion takes it away. A record
says nothing about an original that came after `began_at`. The last attempt leaves one before it
begins, because a worker that is stopped can leave none.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lib.errors import WORKER_STOPPED, ConflictError
from lib.pipeline.json_records import JsonRecords

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STOPPED = (
    "its worker was stopped each time before it could say why, by its memory or its timeout: give "
    "the size more memory in sizes.yml, deploy, replay"
)
# A record is written after its dead letter, with some tries of S3 in between.
_WRITTEN_WITHIN = timedelta(minutes=1)


class FailureRecord(BaseModel):
    """What is known of a failure; `began_at` is when the attempt that failed looked first."""

    model_config = ConfigDict(frozen=True)

    reason: str
    error: str
    attempts: int
    began_at: datetime
    failed_at: datetime

    def is_about(self, uploaded: datetime) -> bool:
        """Whether the attempt saw an original of this age; S3 tells it in whole seconds."""
        return self.began_at.replace(microsecond=0) >= uploaded.replace(microsecond=0)


def stopped_record(attempts: int) -> FailureRecord:
    """What is left before the last attempt, for the case that it ends with its worker."""
    now = datetime.now(UTC)
    return FailureRecord(
        reason=WORKER_STOPPED,
        error=STOPPED,
        attempts=attempts,
        began_at=now,
        failed_at=now,
    )


_RECORD = TypeAdapter(FailureRecord)


class FailureRecords(JsonRecords[FailureRecord]):
    """The records of one size."""

    def __init__(self, s3: "S3Client", bucket: str, size_name: str) -> None:
        super().__init__(s3, bucket, size_name, _RECORD)

    def read(self, path: str) -> FailureRecord | None:
        """A path's record, whatever original it is about; None where there is none to be read."""
        found = self.find(path)
        return found.record if found else None

    def clear_until(self, path: str, parked_at: datetime | None) -> None:
        """Take a path's record away, unless it is of a later failure than the one parked then."""
        found = self.find(path)
        if found is None:
            return
        record = found.record
        if record is None or parked_at is None or record.failed_at - _WRITTEN_WITHIN <= parked_at:
            with suppress(ConflictError):  # a later one has come
                self.delete_if_match(path, found.etag)
