"""S3 as far as the pipeline relies on it: objects, ETags, conditional reads, writes and deletes.

moto ignores the condition on DeleteObject, and neither it nor the emulator can be stopped between
two calls. That this model answers as S3 does is checked against the emulator, which keeps these
conditions as AWS documents them.
"""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NoReturn

from botocore.exceptions import ClientError


class ModelS3:
    """The part of boto3's S3 client that the pipeline calls, in memory; answers like boto3's."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self._writes = 0

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        stored = self._stored(Bucket, Key, "HeadObject")
        return {name: value for name, value in stored.items() if name != "data"}

    def get_object(
        self,
        *,
        Bucket: str,
        Key: str,
        IfNoneMatch: str | None = None,
    ) -> dict[str, Any]:
        stored = self._stored(Bucket, Key, "GetObject")
        if stored["ETag"] == IfNoneMatch:
            modified = format_datetime(stored["LastModified"], usegmt=True)
            _refuse("GetObject", "304", 304, {"last-modified": modified})
        return {**stored, "Body": io.BytesIO(stored["data"])}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        IfMatch: str | None = None,
        IfNoneMatch: str | None = None,
        **properties: Any,
    ) -> dict[str, Any]:
        found = self.objects.get((Bucket, Key))
        if IfMatch is not None and found is None:
            _refuse("PutObject", "NoSuchKey", 404)
        if found is not None and (IfNoneMatch == "*" or IfMatch not in (None, found["ETag"])):
            _refuse("PutObject", "PreconditionFailed", 412)
        etag = f'"{hashlib.md5(Body, usedforsecurity=False).hexdigest()}"'
        self.objects[Bucket, Key] = {
            "ETag": etag,
            "ContentLength": len(Body),
            "LastModified": self._now(),
            "ContentType": properties.get("ContentType", "binary/octet-stream"),
            "Metadata": properties.get("Metadata", {}),
            "data": Body,
        }
        return {"ETag": etag}

    def delete_object(
        self,
        *,
        Bucket: str,
        Key: str,
        IfMatch: str | None = None,
    ) -> dict[str, Any]:
        found = self.objects.get((Bucket, Key))
        if found is None and IfMatch is not None:
            _refuse("DeleteObject", "NoSuchKey", 404)
        if found is not None and IfMatch not in (None, found["ETag"]):
            _refuse("DeleteObject", "PreconditionFailed", 412)
        self.objects.pop((Bucket, Key), None)
        return {}

    def _now(self) -> datetime:
        """In whole seconds, as S3 tells times: two writes fall into each."""
        self._writes += 1
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._writes // 2)

    def _stored(self, bucket: str, key: str, operation: str) -> dict[str, Any]:
        try:
            return self.objects[bucket, key]
        except KeyError:
            _refuse(operation, "404" if operation == "HeadObject" else "NoSuchKey", 404)


def _refuse(
    operation: str, code: str, status: int, headers: dict[str, str] | None = None
) -> NoReturn:
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers or {}}
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": metadata}
    raise ClientError(answer, operation)
