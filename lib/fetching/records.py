"""Fetch records: the state of a path's fetch job, as JSON at `_fetch/<path>`.

The records share the bucket of the failure records; no size's name begins with an underscore. A
record is a pending, a cancelled or a failed job; success deletes it. New jobs, and cancellations of
pending ones, replace the record unconditionally; every other change is conditional on its ETag.
"""

from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, TypeAdapter

from lib.aws.clients import S3Client
from lib.keys import FETCH_RECORDS
from lib.pipeline.failure_records import FailureRecord
from lib.pipeline.json_records import JsonRecords
from lib.times import Timestamp

if TYPE_CHECKING:
    from lib.aws.s3 import StoredObject


class FetchRecord(BaseModel, frozen=True):
    """A job that is pending, or was cancelled while a worker may have been running it."""

    id: str
    ordered_at: Timestamp
    cancelled: bool = False


class FailedFetchRecord(FailureRecord):
    """A failure record with the id of the job, because its dead letter can be replayed.

    `original` is the ETag of the original at that time: "" if there was none, None if unknown.
    """

    id: str
    original: str | None = None

    def is_older_than(self, current: "StoredObject") -> bool:
        """Returns whether the current original was uploaded after the failure."""
        # The ETags come first: S3's times are in whole seconds.
        has_changed = self.original is not None and self.original != current.etag
        return has_changed or current.modified > self.failed_at


class StoredFetchRecord(NamedTuple):
    """A fetch record and its ETag."""

    record: FetchRecord | FailedFetchRecord
    etag: str

    def allows(self, job_id: str) -> bool:
        """Returns whether the job is the path's latest, and not cancelled."""
        return self.record.id == job_id and not self.is_cancelled

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was cancelled."""
        return isinstance(self.record, FetchRecord) and self.record.cancelled


_TYPE: TypeAdapter[FetchRecord | FailedFetchRecord] = TypeAdapter(FetchRecord | FailedFetchRecord)


class FetchRecords(JsonRecords[FetchRecord | FailedFetchRecord]):
    """The fetch records of one stack."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        super().__init__(s3, bucket, FETCH_RECORDS, _TYPE)

    def read(self, path: str) -> StoredFetchRecord | None:
        """Returns a path's record; None if there is none, or none that can be parsed."""
        found = self.find(path)
        return StoredFetchRecord(found.record, found.etag) if found and found.record else None
