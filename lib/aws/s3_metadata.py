"""Replaces an object's metadata, which S3 does by a copy of the object to itself."""

from typing import TYPE_CHECKING, Any

from lib.aws.clients import S3Client
from lib.aws.error_mapping import map_errors
from lib.aws.s3 import read_head
from lib.errors import PermanentError, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


# Classes of objects that cannot be read. The copy of a restored one would be archived at once.
_ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
# What a copy would not keep by itself, by HEAD's and CopyObject's name for it; tags are kept.
_KEPT = (
    "ContentType",
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "WebsiteRedirectLocation",
    "StorageClass",
    "ServerSideEncryption",
    "SSEKMSKeyId",
    "BucketKeyEnabled",
)


def replace_metadata(
    s3: S3Client, bucket: str, key: str, change: "Callable[[dict[str, str]], dict[str, str]]"
) -> bool | None:
    """Replaces an object's metadata by what `change` makes of them; None if there is no object.

    Returns whether they differ. Raises PermanentError if the object is archived, ConflictError if
    it changed or went meanwhile, UnknownOutcomeError if S3 did not answer.
    """
    found = read_head(s3, bucket, key, ChecksumMode="ENABLED")
    if found is None:
        return None
    metadata = change(found["Metadata"])
    if metadata == found["Metadata"]:
        return False
    if found.get("StorageClass") in _ARCHIVED or "ArchiveStatus" in found:
        raise PermanentError(
            Reason.ARCHIVED, "the original is archived: copy it to another storage class first"
        )
    given: Mapping[str, Any] = found
    options = {name: given[name] for name in _KEPT if name in given}
    if "ChecksumSHA256" in found:
        options["ChecksumAlgorithm"] = "SHA256"
    with map_errors(f"COPY {bucket}", conditional_write=True):
        s3.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key},
            MetadataDirective="REPLACE",
            Metadata=metadata,
            # Neither may another upload be copied, nor one be replaced that came since.
            CopySourceIfMatch=found["ETag"],
            IfMatch=found["ETag"],
            **options,
        )
    return True
