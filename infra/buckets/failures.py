"""The bucket of failure records by size and path, and of fetch records: the status API reads them.

A bucket of its own, because CloudFront reads the images bucket and no worker may write to the
originals bucket.
"""

from typing import Any

from infra.buckets.resources import bucket_resources
from infra.naming import bucket_name, sub
from infra.queue_settings import DAY, DLQ_RETENTION, QUEUE_RETENTION
from infra.stage import StageParameters
from lib.sizes import Size


def failures_bucket(parameters: StageParameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the bucket. Failure records expire with their dead letters.

    Fetch records live longer by a queue's retention: a fetch job runs only while its record exists,
    and may wait in its queue after a replay on its last day. Records of removed sizes expire with
    them. If two rules match, S3 applies the shorter one.
    """
    days = DLQ_RETENTION // DAY
    rules = [
        {
            "Id": f"dead-letters-of-{size.name}",
            "Status": "Enabled",
            "Prefix": f"{size.name}/",
            "ExpirationInDays": days,
        }
        for size in sizes
    ]
    others = {
        "Id": "orders-and-leftovers",
        "Status": "Enabled",
        "ExpirationInDays": days + QUEUE_RETENTION // DAY,
    }
    return bucket_resources(
        parameters,
        "FailuresBucket",
        BucketName=sub(bucket_name(parameters.prefix, "failures")),
        LifecycleConfiguration={"Rules": [*rules, others]},
    )
