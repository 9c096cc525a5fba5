"""Tags of objects: notes that are no new version of the object, and no event that we listen to."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lib.aws.error_mapping import NO_SUCH_KEY, code_of, map_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3's own limits.
MAX_TAGS, MAX_VALUE = 10, 256
# There is no object, or its last version is the mark of its deletion.
_GONE = (NO_SUCH_KEY, "MethodNotAllowed")


def read(s3: "S3Client", bucket: str, key: str) -> dict[str, str]:
    """An object's tags; none where there is no object."""
    with map_errors(f"GET tags {bucket}"):
        try:
            answer = s3.get_object_tagging(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) in _GONE:
                return {}
            raise
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def add(s3: "S3Client", bucket: str, key: str, tags: dict[str, str]) -> None:
    """Add tags to those that an object has, or change them.

    S3 writes all tags of an object at once and on no condition. So they are read just before: who
    changes others within these milliseconds may find them as they were.
    """
    there = read(s3, bucket, key)
    merged = dict(there)
    for name, value in tags.items():
        # Without room for it, a note is not made: the tags that are there belong to somebody.
        if name in merged or len(merged) < MAX_TAGS:
            merged[name] = value
    if merged == there:
        return
    with map_errors(f"PUT tags {bucket}"):
        try:
            s3.put_object_tagging(
                Bucket=bucket,
                Key=key,
                Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in merged.items()]},
            )
        except ClientError as error:
            # A note on what is no longer there is of no use to anybody.
            if code_of(error) not in _GONE:
                raise
