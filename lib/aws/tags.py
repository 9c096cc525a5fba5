"""Object tags: a change creates no new version, and no event that the stage subscribes to."""

from lib.aws.clients import S3Client
from lib.aws.error_mapping import NO_SUCH_KEY, SuppressCodes, map_errors

# S3's own limits.
MAX_TAGS, MAX_VALUE = 10, 256
# There is no object, or its last version is a delete marker.
_GONE = (NO_SUCH_KEY, "MethodNotAllowed")


def read(s3: S3Client, bucket: str, key: str) -> dict[str, str]:
    """Returns an object's tags; none if there is no object."""
    with map_errors(f"GET tags {bucket}"), SuppressCodes(*_GONE):
        response = s3.get_object_tagging(Bucket=bucket, Key=key)
        return {tag["Key"]: tag["Value"] for tag in response["TagSet"]}
    return {}


def add(s3: S3Client, bucket: str, key: str, tags: dict[str, str]) -> None:
    """Adds or changes an object's tags; an absent object is ignored.

    S3 replaces all tags of an object at once, unconditionally. So this function reads them first;
    another writer's change between the read and the write is lost.
    """
    tags_now = read(s3, bucket, key)
    merged = dict(tags_now)
    for name, value in tags.items():
        # A full tag set keeps its tags, which belong to others; new ones are left out.
        if name in merged or len(merged) < MAX_TAGS:
            merged[name] = value
    if merged == tags_now:
        return
    # An object that was deleted meanwhile needs no tags.
    with map_errors(f"PUT tags {bucket}"), SuppressCodes(*_GONE):
        s3.put_object_tagging(
            Bucket=bucket,
            Key=key,
            Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in merged.items()]},
        )
