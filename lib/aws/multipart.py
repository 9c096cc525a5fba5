"""Objects larger than memory: written part by part, and there only once they are whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lib.aws.failures import translated
from lib.aws.s3 import only_over, put
from lib.errors import FanoutError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# Bytes of a part, one of which is held at a time. S3 takes 5 MiB to 5 GiB, and at most 10,000
# parts: objects of up to 78 GiB.
PART_BYTES = 8 << 20


def put_stream(
    s3: "S3Client",
    bucket: str,
    key: str,
    chunks: Iterator[bytes],
    *,
    content_type: str,
    metadata: dict[str, str],
    replaces: str | None,
    before_end: Callable[[], object],
) -> str:
    """Write an object of unknown length under the condition of `put`; gives its ETag.

    `before_end` is called when all has come and nothing is to be seen yet. Whatever it raises,
    or `chunks` does, or a call of S3 (as `put`), no object appears and no part is left.
    """
    part = _next_part(chunks)
    if len(part) < PART_BYTES:
        before_end()
        return put(
            s3,
            bucket,
            key,
            part,
            content_type=content_type,
            cache_control=None,
            metadata=metadata,
            replaces=replaces,
        )
    with _begun(s3, bucket, key, content_type, metadata) as upload:
        while part:
            upload.put(part)
            part = b""  # before the next one is held
            part = _next_part(chunks)
        before_end()
        return upload.complete(replaces)


def _next_part(chunks: Iterator[bytes]) -> bytes:
    """A part of at least PART_BYTES, or what is left."""
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        held.append(chunk)
        length += len(chunk)
        if length >= PART_BYTES:
            break
    return b"".join(held)


@dataclass(frozen=True)
class _Upload:
    s3: "S3Client"
    bucket: str
    key: str
    id: str
    parts: "list[CompletedPartTypeDef]" = field(default_factory=list)

    def put(self, data: bytes) -> None:
        number = len(self.parts) + 1
        with translated(f"UploadPart {self.bucket}"):
            answer = self.s3.upload_part(
                Bucket=self.bucket, Key=self.key, UploadId=self.id, PartNumber=number, Body=data
            )
        self.parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    def complete(self, replaces: str | None) -> str:
        with translated(f"CompleteMultipartUpload {self.bucket}", writing=True):
            answer = self.s3.complete_multipart_upload(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=self.id,
                MultipartUpload={"Parts": self.parts},
                **only_over(replaces),
            )
        return answer["ETag"].strip('"')

    def abort(self) -> None:
        with translated(f"AbortMultipartUpload {self.bucket}"):
            self.s3.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=self.id)


@contextmanager
def _begun(
    s3: "S3Client", bucket: str, key: str, content_type: str, metadata: dict[str, str]
) -> Iterator[_Upload]:
    """An upload that is given up if the block does not end well: parts cost until then."""
    with translated(f"CreateMultipartUpload {bucket}"):
        answer = s3.create_multipart_upload(
            Bucket=bucket, Key=key, ContentType=content_type, Metadata=metadata
        )
    upload = _Upload(s3, bucket, key, answer["UploadId"])
    try:
        yield upload
    except BaseException:
        # What cannot be given up now is by a rule of the bucket's; why the block failed matters.
        with suppress(FanoutError):
            upload.abort()
        raise
