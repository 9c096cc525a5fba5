"""Small JSON records in a bucket: one object a path, below a folder of their own.

A record is written whatever was there, or on condition of what was read: then whoever comes last
decides.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from lib import keys
from lib.aws import s3 as objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

R = TypeVar("R", bound=BaseModel)

# Some hundred times what a record has: an error's text is short.
_MAX_BYTES = 1 << 16
_JSON = "application/json"


class StoredRecord(NamedTuple, Generic[R]):
    """A record and its ETag; `record` is None if the object is not of the records' type."""

    record: R | None
    etag: str


@dataclass(frozen=True)
class JsonRecords(Generic[R]):
    """The records in one folder; `type_` parses them."""

    s3: "S3Client"
    bucket: str
    folder: str
    type_: TypeAdapter[R]

    def find(self, path: str) -> StoredRecord[R] | None:
        """Return what is stored for a path now; None if nothing is."""
        found = objects.get(self.s3, self.bucket, self._key(path))
        if not isinstance(found, objects.Download):
            return None
        try:
            record = self.type_.validate_json(found.read(max_bytes=_MAX_BYTES))
        except ValidationError:
            return StoredRecord(None, found.etag)
        return StoredRecord(record, found.etag)

    def put(self, path: str, record: R) -> str:
        """Write a path's record, whatever was there; returns its ETag."""
        data = record.model_dump_json().encode()
        return objects.put_object(self.s3, self.bucket, self._key(path), data, _JSON)

    def put_if_match(self, path: str, etag: str | None, record: R) -> str:
        """Write a path's record if it still has this ETag (None: if there still is none).

        Returns the new ETag; ConflictError if another record has come.
        """
        return objects.put_if_match(
            self.s3,
            self.bucket,
            self._key(path),
            record.model_dump_json().encode(),
            content_type=_JSON,
            cache_control=None,
            metadata={},
            etag=etag,
        )

    def delete_if_match(self, path: str, etag: str) -> None:
        """Delete a path's record if it still has this ETag; ConflictError if another has come."""
        objects.delete_if_match(self.s3, self.bucket, self._key(path), etag=etag)

    def delete(self, path: str) -> None:
        """Delete a path's record; S3 charges nothing for a deletion, so none is looked for."""
        objects.delete_object(self.s3, self.bucket, self._key(path))

    def _key(self, path: str) -> str:
        return keys.variant_key(self.folder, path)
