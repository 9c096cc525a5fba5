"""What is known of the order for a path: a small object at `_fetch/<path>`, private.

It stands where failure records stand, as if `_fetch` were a size; no size's name begins with an
underscore, so that nothing collides. One object says it all: that an order is pending, why it
failed, or that it was called off. Success takes it away. New orders, and cancellations of pending
ones, replace whatever is there; all else changes it only if it still is what was read.
"""

from typing import TYPE_CHECKING, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from lib.keys import FETCH_RECORDS
from lib.pipeline.failure_records import FailureRecord
from lib.pipeline.json_records import JsonRecords

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from lib.aws.s3 import StoredObject


class FetchRecord(BaseModel):
    """An order that is pending, or was called off while it may have been under way."""

    model_config = ConfigDict(frozen=True)

    id: str
    ordered_at: AwareDatetime
    cancelled: bool = False


class FailedFetchRecord(FailureRecord):
    """A failure record, and the order that failed: its dead letter can be replayed.

    `original` is the ETag of the original that was there then, "" where there was none, and None
    where that is not known.
    """

    id: str
    original: str | None = None

    def is_older_than(self, there: "StoredObject") -> bool:
        """Whether an original was uploaded after the failure; S3 tells times in whole seconds."""
        is_another = self.original is not None and self.original != there.etag
        return is_another or there.modified > self.failed_at


class StoredFetchRecord(NamedTuple):
    """What stands at a path, and the ETag of it."""

    record: FetchRecord | FailedFetchRecord
    etag: str

    def wants(self, order_id: str) -> bool:
        """Whether this order, and no later one, is still to be carried out."""
        return self.record.id == order_id and not self.is_cancelled

    @property
    def is_cancelled(self) -> bool:
        """Whether the order was called off."""
        return isinstance(self.record, FetchRecord) and self.record.cancelled


_MARK: TypeAdapter[FetchRecord | FailedFetchRecord] = TypeAdapter(FetchRecord | FailedFetchRecord)


class FetchRecords(JsonRecords[FetchRecord | FailedFetchRecord]):
    """The marks of one stack, in the bucket of the failure records."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        super().__init__(s3, bucket, FETCH_RECORDS, _MARK)

    def read(self, path: str) -> StoredFetchRecord | None:
        """A path's mark as it is now; None where there is none to be read."""
        found = self.find(path)
        return StoredFetchRecord(found.record, found.etag) if found and found.record else None
