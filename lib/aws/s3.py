"""Reads objects; writes and deletes them, unconditionally or if their ETag still matches."""

import io
import json
import math
import re
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from threading import Timer
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError

from lib.aws.error_mapping import (
    NO_SUCH_KEY,
    UNKNOWN,
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
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        GetObjectOutputTypeDef,
        HeadObjectOutputTypeDef,
        ListObjectsV2OutputTypeDef,
    )

_NOT_MODIFIED, _NOT_FOUND = 304, 404
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# An archived object's bytes were asked for.
_ARCHIVED = "InvalidObjectState"


# What a body may take: S3 gives tens of megabytes a second, and begins within a second.
_BODY_SECONDS, _BODY_BYTES_PER_SECOND = 5, 2_000_000
_CHUNK_BYTES = 1 << 20
# Seconds that are no wait; 0 would mean something else to a socket.
_AT_ONCE = 0.001


class StoredObject(NamedTuple):
    """What S3 tells about an object without its bytes; `etag` has no quotes."""

    etag: str
    length: int
    content_type: str
    cache_control: str
    metadata: dict[str, str]
    modified: "datetime"


class ListedObject(NamedTuple):
    """What a listing tells about an object; `modified` is in whole seconds."""

    key: str
    etag: str
    length: int
    modified: "datetime"


class Download(NamedTuple):
    """An object whose bytes can be read once, and the ETag they belong to."""

    etag: str
    length: int
    body: "StreamingBody | None"

    def read(self, *, max_bytes: int, seconds: float = math.inf) -> bytes:
        """All bytes; PermanentError if they are archived or more than `max_bytes`.

        Raises NoTimeError if they do not come in so many seconds, and TransientError if S3 is
        slower than it ever is when it is well.
        """
        if self.body is None:
            raise PermanentError(
                Reason.ARCHIVED,
                "the original is archived: restore it in S3, and it will be rendered",
            )
        # Not `with self.body`: that gives the raw stream, whose end and checksum nobody checks.
        with closing(self.body) as body, map_errors("GET, while reading"):
            if self.length > max_bytes:
                raise PermanentError(
                    Reason.TOO_MANY_BYTES,
                    f"the file has {self.length:,} bytes, the limit is {max_bytes:,}: "
                    "upload a smaller one",
                )
            if seconds <= 0:
                raise NoTimeError
            patience = _BODY_SECONDS + self.length / _BODY_BYTES_PER_SECOND
            data = _read_within(body, min(seconds, patience))
        if data is not None:
            return data
        if seconds < patience:
            raise NoTimeError
        raise TransientError(
            "slow_body", f"S3 did not give {self.length:,} bytes in {patience:.0f} s"
        )


def _read_within(body: "StreamingBody", seconds: float) -> bytes | None:
    """All bytes of a body; None if they do not come in time.

    A body that drips is never silent, so that no timeout of its socket ends it. From the deadline
    on, the socket waits for nothing any more.
    """
    ends_at = time.monotonic() + seconds
    stop = Timer(seconds, _stop_waiting, [body])
    stop.daemon = True
    data = io.BytesIO()
    stop.start()
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
        stop.cancel()
    return data.getvalue()


def _stop_waiting(body: "StreamingBody") -> None:
    with suppress(AttributeError):  # read to its end a moment ago
        body.set_socket_timeout(_AT_ONCE)


class NotModified(NamedTuple):
    """The answer to a conditional GET: the object still has the ETag that was given.

    It may have been written again all the same; `modified` is None if S3 does not say when.
    """

    etag: str
    modified: "datetime | None"


def head(s3: "S3Client", bucket: str, key: str) -> StoredObject | None:
    """The object as it is now, without its bytes; None where S3 shows none.

    A HEAD's answer has no body to tell a missing object from a missing bucket. What deletes, or
    lets a message go because there is no object, asks `find`.
    """
    with map_errors(f"HEAD {bucket}"):
        try:
            answer = s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if status_of(error) == _NOT_FOUND:
                return None
            raise
    return _stored(answer)


def find(s3: "S3Client", bucket: str, key: str) -> StoredObject | None:
    """As `head`, but None is certain: TransientError for a bucket that is not there.

    What is missing costs a second request: a GET, which says what it is that is missing.
    """
    found = head(s3, bucket, key)
    if found is not None:
        return found
    with map_errors(f"GET {bucket}"):
        try:
            answer = s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if _is_no_such_key(error, key):
                return None
            if code_of(error) == _ARCHIVED:
                return head(s3, bucket, key)
            raise
    answer["Body"].close()
    return _stored(answer)


def _is_no_such_key(error: ClientError, key: str) -> bool:
    """Whether S3 says that the object is missing.

    S3 repeats the key, and no reader of XML takes a control character: botocore then has but the
    status for a code. The answer about a missing bucket repeats no key.
    """
    code = code_of(error)
    return code == NO_SUCH_KEY or (code == str(_NOT_FOUND) and bool(_NOT_IN_XML.search(key)))


def _stored(answer: "HeadObjectOutputTypeDef | GetObjectOutputTypeDef") -> StoredObject:
    return StoredObject(
        answer["ETag"].strip('"'),
        answer["ContentLength"],
        answer.get("ContentType", ""),
        answer.get("CacheControl", ""),
        answer["Metadata"],
        answer["LastModified"],
    )


def listing(s3: "S3Client", bucket: str, prefix: str, *, after: str = "") -> Iterator[ListedObject]:
    """All objects below a prefix whose keys come behind `after`, a page of 1,000 in memory.

    S3 gives keys in the order of their UTF-8 bytes, which is that of Python's strings too.
    """
    start = {"StartAfter": after} if after else {}
    for page in _pages(s3, bucket, Prefix=prefix, **start):
        for each in page.get("Contents", []):
            etag = each["ETag"].strip('"')
            yield ListedObject(each["Key"], etag, each["Size"], each["LastModified"])


def versions(s3: "S3Client", bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Key and id of each version below a prefix, and of each mark that a deletion has left."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            yield each["Key"], each["VersionId"]


def folders(s3: "S3Client", bucket: str) -> Iterator[str]:
    """Names of the folders at the top of a bucket, in order."""
    for page in _pages(s3, bucket, Delimiter="/"):
        for each in page.get("CommonPrefixes", []):
            yield each["Prefix"].removesuffix("/")


def _pages(s3: "S3Client", bucket: str, **what: Any) -> Iterator["ListObjectsV2OutputTypeDef"]:
    pages = iter(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **what))
    while True:
        with map_access_denied(f"list {bucket}"):
            page = next(pages, None)
        if page is None:
            return
        yield page


def get(
    s3: "S3Client", bucket: str, key: str, *, unless_etag: str | None = None
) -> Download | NotModified | None:
    """The object as it is now; None where there is none, NotModified if its ETag is `unless_etag`.

    A missing bucket is no missing object: TransientError. An archived object is found like any
    other; only reading it fails.
    """
    condition: dict[str, Any] = {"IfNoneMatch": f'"{unless_etag}"'} if unless_etag else {}
    with map_errors(f"GET {bucket}"):
        try:
            answer = s3.get_object(Bucket=bucket, Key=key, **condition)
        except ClientError as error:
            if unless_etag and status_of(error) == _NOT_MODIFIED:
                return NotModified(unless_etag, _modified(error))
            if _is_no_such_key(error, key):
                return None
            if code_of(error) == _ARCHIVED:
                return _archived(find(s3, bucket, key), unless_etag)
            raise
    if "ContentLength" not in answer:
        raise TransientError("no_length", f"GET {bucket}: without its length no body is whole")
    return Download(answer["ETag"].strip('"'), answer["ContentLength"], answer["Body"])


def _archived(found: StoredObject | None, unless_etag: str | None) -> Download | NotModified | None:
    if found is None:
        return None
    if found.etag == unless_etag:
        return NotModified(found.etag, found.modified)
    return Download(found.etag, found.length, None)


def _modified(error: ClientError) -> "datetime | None":
    """What a 304 says of Last-Modified: boto3 takes it for an error, and reads no more of it."""
    said = error.response["ResponseMetadata"].get("HTTPHeaders", {}).get("last-modified")
    return parsedate_to_datetime(said) if said else None


def put_if_match(
    s3: "S3Client",
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
    """Write an object if it still has this ETag (None: if there still is none).

    Returns the new ETag. Raises ConflictError if it has another, or is gone.
    """
    more: dict[str, Any] = {"IfMatch": f'"{etag}"'} if etag else {"IfNoneMatch": "*"}
    if cache_control:
        more["CacheControl"] = cache_control
    if acl:
        more["ACL"] = acl
    with map_errors(f"PUT {bucket}", writing=True):
        answer = s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=data,
            ContentType=content_type,
            Metadata=metadata or {},
            **more,
        )
    return answer["ETag"].strip('"')


def delete_if_match(s3: "S3Client", bucket: str, key: str, *, etag: str) -> None:
    """Delete an object if it still has this ETag; ConflictError if it has another.

    One that is gone already counts as deleted.
    """
    with map_errors(f"DELETE {bucket}", writing=True):
        try:
            s3.delete_object(Bucket=bucket, Key=key, IfMatch=f'"{etag}"')
        except ClientError as error:
            if not _is_no_such_key(error, key):
                raise


def put_object(s3: "S3Client", bucket: str, key: str, data: bytes, content_type: str) -> str:
    """Write an object, whatever was there; returns its ETag."""
    with map_errors(f"PUT {bucket}"):
        answer = s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=content_type)
    return answer["ETag"].strip('"')


def delete_object(s3: "S3Client", bucket: str, key: str) -> None:
    """Delete an object, whatever it is and whether or not it is there."""
    with map_errors(f"DELETE {bucket}"):
        s3.delete_object(Bucket=bucket, Key=key)


def delete_version(s3: "S3Client", bucket: str, key: str, version: str) -> None:
    """Delete one version of an object for good."""
    with map_errors(f"DELETE {bucket}"):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)


def disable_write_retries(s3: "S3Client") -> None:
    """Keep the SDK from repeating a PUT or DELETE whose outcome is unknown.

    The first one may still be on its way: repeated at once, it could land after the original was
    deleted and bring a variant back. The message returns to its queue instead, and the next try
    reads what has become of it. A refusal such as SlowDown is known not to have been carried
    out, so that the SDK may repeat it.
    """
    for operation in ("PutObject", "DeleteObject"):
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
    """Where a browser posts a file, and the form fields that must come before it."""

    url: str
    fields: dict[str, str]


def sign_upload(
    s3: "S3Client", bucket: str, key: str, *, content_type: str, max_bytes: int, seconds: int
) -> UploadForm:
    """A presigned POST for exactly this key and type, for 1 to `max_bytes` bytes.

    A POST, because a presigned PUT cannot limit the size of what is sent. Raises FanoutError
    where the SDK signs anything else, as it does for a key with a variable in it.
    """
    conditions: list[Any] = [{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]]
    with map_errors("signing an upload"):
        form = s3.generate_presigned_post(
            bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=list(conditions),
            ExpiresIn=seconds,
        )
    _check_policy(form["fields"], [{"bucket": bucket}, {"key": key}, *conditions])
    return UploadForm(form["url"], form["fields"])


def _check_policy(fields: dict[str, str], meant: list[Any]) -> None:
    """Refuse (FanoutError) a form whose signed policy allows anything but what was meant."""
    signed = json.loads(b64decode(fields["policy"]))["conditions"]
    # Who signs, and when: what is behind the signature, which is no condition itself.
    signer = [
        {name: value}
        for name, value in fields.items()
        if name.startswith("x-amz-") and name != "x-amz-signature"
    ]
    if sorted(map(json.dumps, signed)) != sorted(map(json.dumps, meant + signer)):
        raise FanoutError(f"an upload's policy is {signed}, not {meant}: it is given to nobody")
    if "${" in json.dumps(meant):
        raise FanoutError(f"an upload's form would have a variable of S3 in it: {meant}")
