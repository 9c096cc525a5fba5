"""Failure records: why a path has no current variant of a size, for whoever asks by its name.

A dead-letter queue has no look-up. So parking also leaves a small JSON object under
`<size>/<path>` in a private bucket of its own, and success or deletion takes it away. A record
says nothing about an original that came after `began_at`. The last attempt leaves one before it
begins, because a worker that is stopped can leave none.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from lib import keys
from lib.aws import s3 as objects
from lib.errors import WORKER_STOPPED, ConflictError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STOPPED = (
    "its worker was stopped each time before it could say why, by its memory or its timeout: give "
    "the size more memory in sizes.yml, deploy, replay"
)
# Some hundred times what a record has: an error's text is short.
_MAX_BYTES = 1 << 16
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


@dataclass(frozen=True)
class FailureRecords:
    """The records of one size."""

    s3: "S3Client"
    bucket: str
    size_name: str

    def write(self, path: str, record: FailureRecord) -> None:
        """Leave a record for a path, in place of an earlier one."""
        key = keys.variant_key(self.size_name, path)
        objects.put_object(
            self.s3, self.bucket, key, record.model_dump_json().encode(), "application/json"
        )

    def read(self, path: str) -> FailureRecord | None:
        """A path's record, whatever original it is about; None where there is none to be read."""
        found = objects.get(self.s3, self.bucket, keys.variant_key(self.size_name, path))
        return _read(found) if isinstance(found, objects.Download) else None

    def clear(self, path: str) -> None:
        """Take a path's record away; S3 charges nothing for a deletion, so none is looked for."""
        objects.delete_object(self.s3, self.bucket, keys.variant_key(self.size_name, path))

    def clear_until(self, path: str, parked_at: datetime | None) -> None:
        """Take a path's record away, unless it is of a later failure than the one parked then."""
        key = keys.variant_key(self.size_name, path)
        found = objects.get(self.s3, self.bucket, key)
        if not isinstance(found, objects.Download):
            return
        record = _read(found)
        if record is None or parked_at is None or record.failed_at - _WRITTEN_WITHIN <= parked_at:
            with suppress(ConflictError):  # a later one has come
                objects.delete_if_match(self.s3, self.bucket, key, etag=found.etag)


def _read(found: objects.Download) -> FailureRecord | None:
    try:
        return FailureRecord.model_validate_json(found.read(max_bytes=_MAX_BYTES))
    except ValidationError:
        return None  # what is not of this form says nothing
