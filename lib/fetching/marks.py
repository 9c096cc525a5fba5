"""What is known of the order for a path: a small object at `_fetch/<path>`, private.

It stands where failure records stand, as if `_fetch` were a size; no size's name begins with an
underscore, so that nothing collides. One object says it all: that an order is pending, why it
failed, or that it was called off. Success takes it away. Whoever comes last decides, since
every change but a new order's is on condition of what was read.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from lib import keys
from lib.aws import s3 as objects
from lib.failure_records import FailureRecord

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PLACE = "_fetch"
# Some hundred times what a mark has: an error's text is short.
_MAX_BYTES = 1 << 16
_JSON = "application/json"


class Mark(BaseModel):
    """An order that is pending, or was called off while it may have been under way."""

    model_config = ConfigDict(frozen=True)

    id: str
    ordered_at: AwareDatetime
    cancelled: bool = False


class FailedMark(FailureRecord):
    """A failure record, and the order that failed: its dead letter can be replayed.

    `original` is the ETag of the original that was there then, "" where there was none, and None
    where that is not known.
    """

    id: str
    original: str | None = None

    def came_before(self, there: objects.StoredObject) -> bool:
        """Whether an original was uploaded after the failure; S3 tells times in whole seconds."""
        is_another = self.original is not None and self.original != there.etag
        return is_another or there.modified > self.failed_at


class Found(NamedTuple):
    """What stands at a path, and the ETag of it."""

    mark: Mark | FailedMark
    etag: str

    def wants(self, order_id: str) -> bool:
        """Whether this order, and no later one, is still to be carried out."""
        return self.mark.id == order_id and not self.is_cancelled

    @property
    def is_cancelled(self) -> bool:
        """Whether the order was called off."""
        return isinstance(self.mark, Mark) and self.mark.cancelled


_FORMS: TypeAdapter[Mark | FailedMark] = TypeAdapter(Mark | FailedMark)


@dataclass(frozen=True)
class Marks:
    """The marks of one stack, in the bucket of the failure records."""

    s3: "S3Client"
    bucket: str

    def read(self, path: str) -> Found | None:
        """A path's mark as it is now; None where there is none to be read."""
        found = objects.get(self.s3, self.bucket, _key(path))
        if not isinstance(found, objects.Download):
            return None
        try:
            return Found(_FORMS.validate_json(found.read(max_bytes=_MAX_BYTES)), found.etag)
        except ValidationError:
            return None  # what is not of this form says nothing

    def write(self, path: str, mark: Mark) -> str:
        """Leave a mark, whatever was there; its ETag."""
        data = mark.model_dump_json().encode()
        return objects.put_object(self.s3, self.bucket, _key(path), data, _JSON)

    def replace(self, path: str, etag: str, mark: FailedMark) -> None:
        """Leave another mark in place of the one with this ETag; ConflictError if it is gone."""
        objects.put_if_match(
            self.s3,
            self.bucket,
            _key(path),
            mark.model_dump_json().encode(),
            content_type=_JSON,
            etag=etag,
        )

    def remove(self, path: str, etag: str) -> None:
        """Take away the mark with this ETag; ConflictError where another one has come."""
        objects.delete_if_match(self.s3, self.bucket, _key(path), etag=etag)


def _key(path: str) -> str:
    return keys.variant_key(PLACE, path)
