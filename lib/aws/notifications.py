"""A bucket's event notifications: one set of entries, which each writer replaces as a whole."""

from typing import Any

from lib.aws.clients import S3Client
from lib.aws.error_mapping import map_access_denied

# The set as S3 returns and takes it: lists of entries by kind, and EventBridgeConfiguration.
Notifications = dict[str, Any]


def read_notifications(s3: S3Client, bucket: str) -> Notifications:
    """Returns a bucket's set of notifications; raises ConfigError if access is denied."""
    with map_access_denied(f"read the notifications of the bucket {bucket}"):
        response = s3.get_bucket_notification_configuration(Bucket=bucket)
    return {kind: value for kind, value in response.items() if kind != "ResponseMetadata"}


def write_notifications(
    s3: S3Client, bucket: str, notifications: Notifications, *, validate: bool
) -> None:
    """Replaces a bucket's set of notifications; raises ConfigError if access is denied.

    With `validate`, S3 refuses (TransientError, InvalidArgument) a set with a destination that it
    may not send to.
    """
    with map_access_denied(f"change the notifications of the bucket {bucket}"):
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration=notifications,  # type: ignore[arg-type]
            SkipDestinationValidation=not validate,
        )
