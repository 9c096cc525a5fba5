"""The CDN's access logs, in a bucket of their own.

CloudFront's older way of logging ("legacy"), because the newer one is set up by resources that
exist in us-east-1 only, which a stack elsewhere cannot make. It hands files over by ACL, so that
this bucket, and no other, has to take ACLs; public ones it refuses all the same.
"""

from typing import Any

from infra.buckets import bucket_policy, tls_only
from infra.delivery.parameters import DeliveryParameters
from infra.encryption import of_bucket

_BUCKET = "CdnLogsBucket"


def logs_resources(parameters: DeliveryParameters) -> dict[str, Any]:
    """The bucket, where the stage wants access logs; files are deleted after `log_days`.

    CloudFormation names it: a stage may switch its logs off and on again, and would find a bucket
    of its own name in the way.
    """
    if not parameters.access_logs:
        return {}
    expiry = {
        "Id": "old-logs",
        "Status": "Enabled",
        "ExpirationInDays": parameters.log_days,
    }
    refusal = (
        {"CdnLogsBucketPolicy": bucket_policy(_BUCKET, tls_only(_BUCKET))}
        if parameters.tls_only
        else {}
    )
    return refusal | {
        _BUCKET: {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                # CloudFront delivers its logs to no bucket that is encrypted by a KMS key of ours.
                "BucketEncryption": of_bucket(""),
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
                "LifecycleConfiguration": {"Rules": [expiry]},
            },
        }
    }
