"""Encryption, TLS and access logs of all buckets.

The files beside this one declare the buckets; Serverless merges resources of one logical id.
"""

from typing import Any

from infra.encryption import build_bucket_encryption
from infra.naming import allow, arn, policy, ref, sub
from infra.queue_settings import DAY, DLQ_RETENTION, QUEUE_RETENTION
from infra.stage import StageParameters
from lib.sizes import Size

LOGS = "LogsBucket"
_ORIGINALS = "OriginalsBucket"
_BUCKETS = (_ORIGINALS, "ImagesBucket", "FailuresBucket")
# A bucket has one policy, and that of the images bucket also allows its readers (infra/delivery).
_TLS_POLICY_BUCKETS = (_ORIGINALS, "FailuresBucket")
# Buckets with access logs, and the prefix of their logs. Failure records need no audit trail.
_LOGGED = {_ORIGINALS: "originals/", "ImagesBucket": "images/"}


def bucket_resources(parameters: StageParameters) -> dict[str, Any]:
    """Builds properties to add to the buckets, their policies, and the bucket of access logs."""
    owned = [each for each in _BUCKETS if each != _ORIGINALS or not parameters.originals_bucket]
    resources = {
        bucket: {"Properties": {"BucketEncryption": build_bucket_encryption(parameters.kms_key)}}
        for bucket in owned
    }
    if parameters.tls_only:
        resources |= {
            f"{bucket}Policy": bucket_policy(bucket, tls_only(bucket))
            for bucket in _TLS_POLICY_BUCKETS
            if bucket in owned
        }
    if parameters.access_logs:
        logged = {bucket: prefix for bucket, prefix in _LOGGED.items() if bucket in owned}
        for bucket, prefix in logged.items():
            resources[bucket]["Properties"]["LoggingConfiguration"] = {
                "DestinationBucketName": ref(LOGS),
                "LogFilePrefix": prefix,
            }
        resources |= _logs(parameters, logged)
    return resources


def failure_expiry(sizes: list[Size]) -> dict[str, Any]:
    """Builds the lifecycle of failure records: they expire with their dead letters.

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
    return {
        "FailuresBucket": {"Properties": {"LifecycleConfiguration": {"Rules": [*rules, others]}}}
    }


def tls_only(bucket: str) -> dict[str, Any]:
    """Builds the policy statement that denies plain http."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn(bucket), sub(f"${{{bucket}.Arn}}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _logs(parameters: StageParameters, logged: dict[str, str]) -> dict[str, Any]:
    """Builds the bucket of S3's access logs; `logged` has the prefix of each bucket's logs."""
    write = allow(
        ["s3:PutObject"],
        [sub(f"${{{LOGS}.Arn}}/{prefix}*") for prefix in logged.values()],
        Principal={"Service": "logging.s3.amazonaws.com"},
        Condition={
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
            "ArnEquals": {"aws:SourceArn": [arn(bucket) for bucket in logged]},
        },
    )
    return logs_bucket(LOGS, parameters, "BucketOwnerEnforced", write)


def logs_bucket(
    bucket: str, parameters: StageParameters, ownership: str, *statements: dict[str, Any]
) -> dict[str, Any]:
    """Builds a bucket of access logs, which expire with the functions' logs, and its policy.

    CloudFormation names the bucket: with a fixed name, switching the logs off and on again would
    fail, because the old bucket is retained.
    """
    expiry = {"Id": "old-logs", "Status": "Enabled", "ExpirationInDays": parameters.log_days}
    properties = {
        # Neither S3 nor CloudFront delivers logs to a bucket encrypted with a KMS key.
        "BucketEncryption": build_bucket_encryption(""),
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]},
        "LifecycleConfiguration": {"Rules": [expiry]},
    }
    resources = {
        bucket: {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties,
        }
    }
    if parameters.tls_only:
        statements = (*statements, tls_only(bucket))
    if statements:
        resources[f"{bucket}Policy"] = bucket_policy(bucket, *statements)
    return resources


def bucket_policy(bucket: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """Builds a bucket's policy."""
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": ref(bucket), "PolicyDocument": policy(*statements)},
    }
