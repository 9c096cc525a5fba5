"""Buckets: who may read them, and whom they tell of their objects."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from lib.aws.error_mapping import code_of, map_access_denied, status_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")
_NOT_FOUND = 404
# S3's words for settings that a bucket does not have.
_NOT_SET = {
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "NoSuchBucketPolicy",
}


# The settings of Block Public Access.
_OF_ACLS = ("BlockPublicAcls", "IgnorePublicAcls")
_OF_POLICIES = ("BlockPublicPolicy", "RestrictPublicBuckets")


class BucketAccess(NamedTuple):
    """What decides who may read: `ownership` is S3's word, "" where it is not set.

    `blocks_public` is Block Public Access as a whole, `blocks_acls` the part about ACLs.
    """

    ownership: str
    blocks_public: bool
    blocks_acls: bool
    policy: str | None


def exists(s3: "S3Client", bucket: str) -> bool:
    """Whether there is a bucket of this name, in this account.

    ConfigError where these credentials may not look, as for another account's.
    """
    with map_access_denied(f"look at the bucket {bucket}"):
        try:
            s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            if status_of(error) == _NOT_FOUND:
                return False
            raise
    return True


def get_access(s3: "S3Client", bucket: str) -> BucketAccess:
    """A bucket's access settings."""
    with map_access_denied(f"read the access settings of the bucket {bucket}"):
        return BucketAccess(
            _if_set(lambda: _ownership(s3, bucket)) or "",
            _if_set(lambda: all(_blocks(s3, bucket, *_OF_ACLS, *_OF_POLICIES))) or False,
            _if_set(lambda: any(_blocks(s3, bucket, *_OF_ACLS))) or False,
            _if_set(lambda: s3.get_bucket_policy(Bucket=bucket)["Policy"]),
        )


def list_notification_events(s3: "S3Client", bucket: str, topic_arn: str) -> list[str]:
    """Kinds of events that a bucket publishes to a topic."""
    with map_access_denied(f"read the notifications of the bucket {bucket}"):
        told = s3.get_bucket_notification_configuration(Bucket=bucket)
    return [
        event
        for topic in told.get("TopicConfigurations", [])
        if topic["TopicArn"] == topic_arn
        for event in topic["Events"]
    ]


def _ownership(s3: "S3Client", bucket: str) -> str:
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return rule["ObjectOwnership"]


def _blocks(s3: "S3Client", bucket: str, *settings: str) -> list[bool]:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return [bool(block.get(setting)) for setting in settings]


def _if_set(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except ClientError as error:
        if code_of(error) in _NOT_SET:
            return None
        raise
