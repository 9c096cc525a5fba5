"""Failure records: why a path has no current variant of a size, for whoever asks by its name.

A dead-letter queue has no look-up. So parking also leaves a small JSON object under
`<size>/<path>` in a private bucket of its own, and success or deletion takes it away. A record
says nothing about an original that came after `began_at`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from lib import keys
from lib.aws import s3 as objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class FailureRecord(BaseModel):
    """What is known of a failure; `began_at` is when the attempt that failed looked first."""

    model_config = ConfigDict(frozen=True)

    reason: str
    error: str
    attempts: int
    began_at: datetime
    failed_at: datetime


@dataclass(frozen=True)
class FailureRecords:
    """The records of one size."""

    s3: "S3Client"
    bucket: str
    size_name: str

    def write(self, path: str, record: FailureRecord) -> None:
        """Leave a record for a path, in place of an earlier one."""
        key = keys.variant_key(self.size_name, path)
        objects.write(
            self.s3, self.bucket, key, record.model_dump_json().encode(), "application/json"
        )

    def clear(self, path: str) -> None:
        """Take a path's record away; S3 charges nothing for a deletion, so none is looked for."""
        objects.remove(self.s3, self.bucket, keys.variant_key(self.size_name, path))
