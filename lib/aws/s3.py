"""Reads objects; writes and deletes them, unconditionally or if their ETag still matches."""

import hashlib
import io
import json
import math
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from threading import Timer
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError

from lib.aws.clients import S3Client
from lib.aws.error_mapping import (
    NO_SUCH_KEY,
    UNKNOWN,
    SuppressCodes,
    code_of,
    map_access_denied,
    map_errors,
    status_of,
)
from lib.errors import FanoutError, NoTimeError, PermanentError, Reason, TransientError

if TYPE_CHECKING:
    from datetime import datetime

    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel
    from botocore.response import StreamingBody
    from mypy_boto3_s3.type_defs import (
        GetObjectOutputTypeDef,
        HeadObjectOutputTypeDef,
        ListObjectsV2OutputTypeDef,
    )

_NOT_MODIFIED, _NOT_FOUND = 304, "404"
_INVALID_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# S3's code for a GET of an archived object.
_ARCHIVED = "InvalidObjectState"
# The time allowed for a body: S3 sends tens of megabytes a second, and starts within a second.
_BODY_SECONDS, _BODY_BYTES_PER_SECOND = 5, 2_000_000
_CHUNK_BYTES = 1 << 20
# A timeout that ends a read at once; 0 would make the socket non-blocking.
_NO_WAIT_SECONDS = 0.001


# The form field with the checksum that S3 compares the bytes with, in base64.
_SHA256_FIELD = "x-amz-checksum-sha256"


class StoredObject(NamedTuple):
    """An object's metadata without its bytes; `etag` has no quotes."""

    etag: str
    length: int
    content_type: str
    cache_control: str
    metadata: dict[str, str]
    modified: "datetime"


class ListedObject(NamedTuple):
    """An object in a listing; `modified` is in whole seconds."""

    key: str
    etag: str
    length: int
    modified: "datetime"


class Download(NamedTuple):
    """An object whose bytes can be read once; `body` is None if it is archived."""

    etag: str
    length: int
    body: "StreamingBody | None"
    metadata: dict[str, str]

    def read(self, *, max_bytes: int, seconds: float = math.inf) -> bytes:
        """Returns all bytes; raises PermanentError if archived or longer than `max_bytes`.

        Raises NoTimeError if `seconds` pass first, and TransientError if S3 is slower than a
        healthy S3 ever is.
        """
        if self.body is None:
            raise PermanentError(
                Reason.ARCHIVED,
                "the original is archived: restore it in S3, and it will be rendered",
            )
        # Not `with self.body`: that returns the raw stream, without checks of length and checksum.
        with closing(self.body) as body, map_errors("GET, while reading"):
            if self.length > max_bytes:
                raise PermanentError(
                    Reason.TOO_MANY_BYTES,
                    f"the file has {self.length:,} bytes, the limit is {max_bytes:,}: "
                    "upload a smaller one",
                )
            if seconds <= 0:
                raise NoTimeError
            s3_seconds = _BODY_SECONDS + self.length / _BODY_BYTES_PER_SECOND
            data = _read_within(body, min(seconds, s3_seconds))
        if data is not None:
            return data
        if seconds < s3_seconds:
            raise NoTimeError
        raise TransientError(
            "slow_body", f"S3 did not send {self.length:,} bytes in {s3_seconds:.0f} s"
        )


def _read_within(body: "StreamingBody", seconds: float) -> bytes | None:
    """Returns all bytes of a body, or None if `seconds` pass first.

    A body that trickles never triggers its socket's timeout. So a timer sets that timeout to almost
    nothing at the deadline.
    """
    ends_at = time.monotonic() + seconds
    timer = Timer(seconds, _stop_waiting, [body])
    timer.daemon = True
    data = io.BytesIO()
    timer.start()
    try:
        while chunk := body.read(_CHUNK_BYTES):
            data.write(chunk)
            if time.monotonic() > ends_at:
                return None
    except BotoCoreError:
        if time.monotonic() > ends_at:
            return None
        raise
    finally:
        timer.cancel()
    return data.getvalue()


def _stop_waiting(body: "StreamingBody") -> None:
    with suppress(AttributeError):  # the body was read to its end meanwhile
        body.set_socket_timeout(_NO_WAIT_SECONDS)


class NotModified(NamedTuple):
    """The result of a conditional GET of an object that still has the given ETag.

    Another write of the same bytes may have changed `modified`, which is None if S3 omits it.
    """

    etag: str
    modified: "datetime | None"


def head(s3: S3Client, bucket: str, key: str) -> StoredObject | None:
    """Returns an object's metadata; None if the object or the bucket is missing.

    A HEAD's response has no body that distinguishes the two. Use `head_confirmed` before a deletion
    or before a message is acknowledged because there is no object.
    """
    response = read_head(s3, bucket, key)
    return _make_stored_object(response) if response else None


def read_head(
    s3: S3Client, bucket: str, key: str, **options: Any
) -> "HeadObjectOutputTypeDef | None":
    """Returns S3's response to a HEAD; None if the object or the bucket is missing."""
    # The response to a HEAD has no body, so its code is the status.
    with map_errors(f"HEAD {bucket}"), SuppressCodes(_NOT_FOUND):
        return s3.head_object(Bucket=bucket, Key=key, **options)
    return None


def head_confirmed(s3: S3Client, bucket: str, key: str) -> StoredObject | None:
    """Returns an object's metadata; None only if the object is certainly missing.

    If `head` returns None, a GET confirms it. A missing bucket raises TransientError.
    """
    stored = head(s3, bucket, key)
    if stored is not None:
        return stored
    with map_errors(f"GET {bucket}"):
        try:
            response = s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if _is_no_such_key(error, key):
                return None
            if code_of(error) == _ARCHIVED:
                return head(s3, bucket, key)
            raise
    response["Body"].close()
    return _make_stored_object(response)


def _is_no_such_key(error: ClientError, key: str) -> bool:
    """Returns whether the error means a missing object, not a missing bucket.

    S3's XML about a missing object repeats the key. XML parsers reject control characters: for a
    key with one, botocore reports the status as the code.
    """
    code = code_of(error)
    return code == NO_SUCH_KEY or (code == _NOT_FOUND and bool(_INVALID_IN_XML.search(key)))


def _make_stored_object(
    response: "HeadObjectOutputTypeDef | GetObjectOutputTypeDef",
) -> StoredObject:
    return StoredObject(
        response["ETag"].strip('"'),
        response["ContentLength"],
        response.get("ContentType", ""),
        response.get("CacheControl", ""),
        response["Metadata"],
        response["LastModified"],
    )


def has_md5(stored: StoredObject, data: bytes) -> bool:
    """Returns whether an object certainly has these bytes, by its ETag.

    The ETag of an object that a KMS key encrypts is no MD5: then the result is False.
    """
    return stored.etag == hashlib.md5(data, usedforsecurity=False).hexdigest()


def has_sha256(s3: S3Client, bucket: str, key: str, sha256: str) -> bool:
    """Returns whether an object's bytes have this SHA-256, in hexadecimal.

    S3 stores the checksum of an upload that declared one; otherwise the bytes are read. False if
    there is no object, or an archived one without checksum.
    """
    response = read_head(s3, bucket, key, ChecksumMode="ENABLED")
    if response is None:
        return False
    # Of a multipart upload it is a checksum of the parts' checksums.
    if "ChecksumSHA256" in response and response.get("ChecksumType") != "COMPOSITE":
        return response["ChecksumSHA256"] == _to_base64(sha256)
    download = get(s3, bucket, key)
    if not isinstance(download, Download) or download.body is None:
        return False
    digest = hashlib.sha256()
    with closing(download.body) as body, map_errors(f"GET {bucket}, while reading"):
        for chunk in body.iter_chunks(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest() == sha256


def _to_base64(hexadecimal: str) -> str:
    """Returns a checksum as S3 writes it."""
    return b64encode(bytes.fromhex(hexadecimal)).decode()


def list_objects(
    s3: S3Client, bucket: str, prefix: str, *, after: str = ""
) -> Iterator[ListedObject]:
    """Yields all objects below a prefix with keys after `after`; holds 1,000 in memory.

    S3 sorts keys by their UTF-8 bytes, which is also the order of Python's strings.
    """
    start = {"StartAfter": after} if after else {}
    for page in _list_pages(s3, bucket, Prefix=prefix, **start):
        for item in page.get("Contents", []):
            etag = item["ETag"].strip('"')
            yield ListedObject(item["Key"], etag, item["Size"], item["LastModified"])


def list_versions(s3: S3Client, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Yields key and version id of each version and delete marker below a prefix."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            yield item["Key"], item["VersionId"]


def list_folders(s3: S3Client, bucket: str) -> Iterator[str]:
    """Yields the names of a bucket's top-level folders, in order."""
    for page in _list_pages(s3, bucket, Delimiter="/"):
        for item in page.get("CommonPrefixes", []):
            yield item["Prefix"].removesuffix("/")


def _list_pages(
    s3: S3Client, bucket: str, **options: Any
) -> Iterator["ListObjectsV2OutputTypeDef"]:
    pages = iter(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **options))
    while True:
        with map_access_denied(f"list {bucket}"):
            page = next(pages, None)
        if page is None:
            return
        yield page


def get(
    s3: S3Client, bucket: str, key: str, *, unless_etag: str | None = None
) -> Download | NotModified | None:
    """Returns the object; None if there is none, NotModified if its ETag is `unless_etag`.

    A missing bucket raises TransientError. An archived object is returned; its `read` fails.
    """
    condition: dict[str, Any] = {"IfNoneMatch": f'"{unless_etag}"'} if unless_etag else {}
    with map_errors(f"GET {bucket}"):
        try:
            response = s3.get_object(Bucket=bucket, Key=key, **condition)
        except ClientError as error:
            if unless_etag and status_of(error) == _NOT_MODIFIED:
                return NotModified(unless_etag, _get_last_modified(error))
            if _is_no_such_key(error, key):
                return None
            if code_of(error) == _ARCHIVED:
                return _make_archived(head_confirmed(s3, bucket, key), unless_etag)
            raise
    if "ContentLength" not in response:
        raise TransientError(
            "no_length", f"GET {bucket}: a body without its length cannot be checked"
        )
    return Download(
        response["ETag"].strip('"'),
        response["ContentLength"],
        response["Body"],
        response["Metadata"],
    )


def _make_archived(
    stored: StoredObject | None, unless_etag: str | None
) -> Download | NotModified | None:
    if stored is None:
        return None
    if stored.etag == unless_etag:
        return NotModified(stored.etag, stored.modified)
    return Download(stored.etag, stored.length, None, stored.metadata)


def _get_last_modified(error: ClientError) -> "datetime | None":
    """Returns the Last-Modified header of a 304, which boto3 raises as an error."""
    header = error.response["ResponseMetadata"].get("HTTPHeaders", {}).get("last-modified")
    return parsedate_to_datetime(header) if header else None


def put_if_match(
    s3: S3Client,
    bucket: str,
    key: str,
    data: bytes | IO[bytes],
    *,
    content_type: str,
    cache_control: str | None = None,
    acl: str | None = None,
    metadata: dict[str, str] | None = None,
    etag: str | None,
) -> str:
    """Writes an object if its ETag is still `etag` (None: if there is still none).

    Returns the new ETag. Raises ConflictError if the object changed.
    """
    options: dict[str, Any] = {"IfMatch": f'"{etag}"'} if etag else {"IfNoneMatch": "*"}
    if cache_control:
        options["CacheControl"] = cache_control
    if acl:
        options["ACL"] = acl
    with map_errors(f"PUT {bucket}", conditional_write=True):
        response = s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=data,
            ContentType=content_type,
            Metadata=metadata or {},
            **options,
        )
    return response["ETag"].strip('"')


def delete_if_match(s3: S3Client, bucket: str, key: str, *, etag: str) -> None:
    """Deletes an object if its ETag is still `etag`; an absent object counts as deleted.

    Raises ConflictError if the object changed.
    """
    with map_errors(f"DELETE {bucket}", conditional_write=True):
        try:
            s3.delete_object(Bucket=bucket, Key=key, IfMatch=f'"{etag}"')
        except ClientError as error:
            if not _is_no_such_key(error, key):
                raise


def put_object(s3: S3Client, bucket: str, key: str, data: bytes, content_type: str) -> str:
    """Writes an object unconditionally; returns its ETag."""
    with map_errors(f"PUT {bucket}"):
        response = s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=content_type)
    return response["ETag"].strip('"')


def delete_object(s3: S3Client, bucket: str, key: str) -> None:
    """Deletes an object unconditionally; an absent object counts as deleted."""
    with map_errors(f"DELETE {bucket}"):
        s3.delete_object(Bucket=bucket, Key=key)


def delete_version(s3: S3Client, bucket: str, key: str, version: str) -> None:
    """Deletes one version of an object permanently."""
    with map_errors(f"DELETE {bucket}"):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)


def disable_write_retries(s3: S3Client) -> None:
    """Stops the SDK from retrying a PUT or DELETE whose outcome is unknown.

    The first request may still be under way: it could take effect after the original was deleted,
    and restore a variant. Instead the message returns to its queue, and the next attempt reads the
    outcome. After an error such as SlowDown, which applied nothing, the SDK may retry.
    """
    for operation in ("PutObject", "DeleteObject", "CopyObject"):
        s3.meta.events.register_first(f"needs-retry.s3.{operation}", _stop_if_unknown)


def _stop_if_unknown(
    operation: "OperationModel",
    response: "tuple[AWSResponse, dict[str, Any]] | None",
    caught_exception: Exception | None,
    **_: Any,
) -> None:
    if caught_exception is not None:
        raise caught_exception
    if response is not None and response[0].status_code in UNKNOWN:
        raise ClientError(cast("Any", response[1]), operation.name)


class UploadForm(NamedTuple):
    """The URL that a browser posts a file to, and the form fields that precede the file."""

    url: str
    fields: dict[str, str]


def sign_upload(
    s3: S3Client,
    bucket: str,
    key: str,
    *,
    content_type: str,
    max_bytes: int,
    seconds: int,
    sha256: str | None = None,
    metadata: dict[str, str] | None = None,
) -> UploadForm:
    """Presigns a POST for exactly this key, type and metadata, for 1 to `max_bytes` bytes.

    With `sha256`, in hexadecimal, S3 rejects other bytes and stores the checksum. A presigned PUT
    cannot limit the file's size. Raises FanoutError if the SDK signs anything else, as it does for
    a key with a variable.
    """
    fields = {"Content-Type": content_type}
    fields |= {f"x-amz-meta-{name}": value for name, value in (metadata or {}).items()}
    if sha256:
        fields[_SHA256_FIELD] = _to_base64(sha256)
    conditions: list[Any] = [
        *({name: value} for name, value in fields.items()),
        ["content-length-range", 1, max_bytes],
    ]
    with map_errors("signing an upload"):
        form = s3.generate_presigned_post(
            bucket,
            key,
            Fields=dict(fields),
            Conditions=list(conditions),
            ExpiresIn=seconds,
        )
    _check_policy(form["fields"], [{"bucket": bucket}, {"key": key}, *conditions])
    return UploadForm(form["url"], form["fields"])


def _check_policy(fields: dict[str, str], conditions: list[Any]) -> None:
    """Raises FanoutError if a form's signed policy has other conditions."""
    signed = json.loads(b64decode(fields["policy"]))["conditions"]
    given = {name for each in conditions if isinstance(each, dict) for name in each}
    # The SDK adds the fields of the signer as conditions, but not the signature.
    signer = [
        {name: value}
        for name, value in fields.items()
        if name.startswith("x-amz-") and name != "x-amz-signature" and name not in given
    ]
    if sorted(map(json.dumps, signed)) != sorted(map(json.dumps, conditions + signer)):
        raise FanoutError(f"an upload's policy is {signed}, not {conditions}: no ticket is issued")
    if "${" in json.dumps(conditions):
        raise FanoutError(f"an upload's form would have a variable of S3 in it: {conditions}")
