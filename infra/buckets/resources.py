"""What all buckets have in common, whichever file declares them: encryption, TLS, access logs.

Serverless merges resources of one logical id, so that a bucket's own file says what it is for.
"""

from typing import Any

from infra.encryption import build_bucket_encryption
from infra.naming import allow, arn, policy, ref, sub
from infra.queue_settings import DAY, DLQ_RETENTION, QUEUE_RETENTION
from infra.stage import StageParameters
from lib.sizes import Size

LOGS = "LogsBucket"
_BUCKETS = ("OriginalsBucket", "ImagesBucket", "FailuresBucket")
# The images bucket's policy also lets its readers in (infra/delivery): one bucket, one policy.
_WITHOUT_POLICY = ("OriginalsBucket", "FailuresBucket")
# Those whose readers and writers somebody may have to account for.
_LOGGED = {"OriginalsBucket": "originals/", "ImagesBucket": "images/"}


def bucket_resources(parameters: StageParameters) -> dict[str, Any]:
    """Properties to add to the buckets, their policies, and the bucket of access logs."""
    resources = {
        bucket: {"Properties": {"BucketEncryption": build_bucket_encryption(parameters.kms_key)}}
        for bucket in _BUCKETS
    }
    if parameters.tls_only:
        resources |= {
            f"{bucket}Policy": bucket_policy(bucket, tls_only(bucket)) for bucket in _WITHOUT_POLICY
        }
    if parameters.access_logs:
        for bucket, prefix in _LOGGED.items():
            resources[bucket]["Properties"]["LoggingConfiguration"] = {
                "DestinationBucketName": ref(LOGS),
                "LogFilePrefix": prefix,
            }
        resources |= _logs(parameters)
    return resources


def failure_expiry(sizes: list[Size]) -> dict[str, Any]:
    """How long failure records stay: as long as the dead letters that they are about.

    An order to fetch a photo is carried out only while its record is there, and a letter that is
    replayed on its last day may then wait in its queue. What a size that is no more has left goes
    with the orders; where two rules fit, S3 follows the shorter one.
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
    longest = {
        "Id": "orders-and-leftovers",
        "Status": "Enabled",
        "ExpirationInDays": days + QUEUE_RETENTION // DAY,
    }
    return {
        "FailuresBucket": {"Properties": {"LifecycleConfiguration": {"Rules": [*rules, longest]}}}
    }


def tls_only(bucket: str) -> dict[str, Any]:
    """The statement of a bucket's policy that refuses plain http to everybody."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn(bucket), sub(f"${{{bucket}.Arn}}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _logs(parameters: StageParameters) -> dict[str, Any]:
    """Where S3 writes who read and wrote."""
    written_by_s3 = allow(
        ["s3:PutObject"],
        [sub(f"${{{LOGS}.Arn}}/{prefix}*") for prefix in _LOGGED.values()],
        Principal={"Service": "logging.s3.amazonaws.com"},
        Condition={
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
            "ArnEquals": {"aws:SourceArn": [arn(bucket) for bucket in _LOGGED]},
        },
    )
    return logs_bucket(LOGS, parameters, "BucketOwnerEnforced", written_by_s3)


def logs_bucket(
    bucket: str, parameters: StageParameters, ownership: str, *statements: dict[str, Any]
) -> dict[str, Any]:
    """A bucket of access logs, kept as long as the functions' logs, and its policy.

    CloudFormation names it: a stage may switch its logs off and on again, and would find a bucket
    of its own name in the way.
    """
    expiry = {"Id": "old-logs", "Status": "Enabled", "ExpirationInDays": parameters.log_days}
    properties = {
        # Neither S3 nor CloudFront delivers logs to a bucket that is encrypted by a KMS key.
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
    refusal = [tls_only(bucket)] if parameters.tls_only else []
    if statements or refusal:
        resources[f"{bucket}Policy"] = bucket_policy(bucket, *statements, *refusal)
    return resources


def bucket_policy(bucket: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """A bucket's policy."""
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": ref(bucket), "PolicyDocument": policy(*statements)},
    }
