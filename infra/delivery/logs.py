"""The CDN's access logs, in a bucket of their own.

CloudFront's older way of logging ("legacy"), because the newer one is set up by resources that
exist in us-east-1 only, which a stack elsewhere cannot make. It hands files over by ACL, so that
this bucket, and no other, has to take ACLs; public ones it refuses all the same.
"""

from typing import Any

from infra.buckets.resources import logs_bucket
from infra.delivery.parameters import DeliveryParameters


def logs_resources(parameters: DeliveryParameters) -> dict[str, Any]:
    """The bucket, where the stage wants access logs."""
    if not parameters.access_logs:
        return {}
    return logs_bucket("CdnLogsBucket", parameters, "BucketOwnerPreferred")
