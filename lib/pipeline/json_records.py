"""Small JSON records in a bucket: one object for each path, in one folder.

Writes are unconditional, or conditional on the ETag that was read.
"""

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from lib import keys
from lib.aws import s3 as objects
from lib.aws.clients import S3Client

R = TypeVar("R", bound=BaseModel)

# About a hundred times a record's size: an error's text is short.
_MAX_BYTES = 1 << 16
_JSON = "application/json"


class StoredRecord(NamedTuple, Generic[R]):
    """A record and its ETag; `record` is None if the object is not of the records' type."""

    record: R | None
    etag: str


@dataclass(frozen=True)
class JsonRecords(Generic[R]):
    """The records in one folder; `type_` parses them."""

    s3: S3Client
    bucket: str
    folder: str
    type_: TypeAdapter[R]

    def find(self, path: str) -> StoredRecord[R] | None:
        """Returns a path's stored record, or None."""
        download = objects.get(self.s3, self.bucket, self._key(path))
        if not isinstance(download, objects.Download):
            return None
        try:
            record = self.type_.validate_json(download.read(max_bytes=_MAX_BYTES))
        except ValidationError:
            return StoredRecord(None, download.etag)
        return StoredRecord(record, download.etag)

    def put(self, path: str, record: R) -> str:
        """Writes a path's record unconditionally; returns its ETag."""
        data = record.model_dump_json().encode()
        return objects.put_object(self.s3, self.bucket, self._key(path), data, _JSON)

    def put_if_match(self, path: str, etag: str | None, record: R) -> str:
        """Writes a path's record if its ETag is still `etag` (None: if there is still none).

        Returns the new ETag. Raises ConflictError if the record changed.
        """
        return objects.put_if_match(
            self.s3,
            self.bucket,
            self._key(path),
            record.model_dump_json().encode(),
            content_type=_JSON,
            etag=etag,
        )

    def delete_if_match(self, path: str, etag: str) -> None:
        """Deletes a path's record if its ETag is still `etag`; raises ConflictError if not."""
        objects.delete_if_match(self.s3, self.bucket, self._key(path), etag=etag)

    def delete(self, path: str) -> None:
        """Deletes a path's record unconditionally: S3 charges nothing for a deletion."""
        objects.delete_object(self.s3, self.bucket, self._key(path))

    def _key(self, path: str) -> str:
        return keys.variant_key(self.folder, path)
