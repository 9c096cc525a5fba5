"""The CDN's access logs, in a bucket of their own.

They are "legacy" standard logs: the resources of the newer kind exist in us-east-1 only, and a
stack elsewhere cannot create them. CloudFront delivers legacy logs by ACL, so this bucket must
accept ACLs; it still rejects public ones.
"""

from typing import Any

from infra.buckets.resources import logs_bucket
from infra.delivery.parameters import DeliveryParameters


def logs_resources(parameters: DeliveryParameters) -> dict[str, Any]:
    """Builds the bucket, if the stage has access logs."""
    if not parameters.access_logs:
        return {}
    ownership = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    return logs_bucket(parameters, "CdnLogsBucket", OwnershipControls=ownership)
