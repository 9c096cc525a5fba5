"""A bucket with what all buckets have: encryption, TLS, access logs, and a life after the stack."""

from typing import Any

from infra.encryption import build_bucket_encryption
from infra.naming import allow, arn, policy, ref, sub
from infra.stage import StageParameters

LOGS = "LogsBucket"
_ORIGINALS = "OriginalsBucket"
# Buckets with access logs, and the prefix of their logs. Failure records need no audit trail.
_LOGGED = {_ORIGINALS: "originals/", "ImagesBucket": "images/"}


def bucket_resources(
    parameters: StageParameters,
    bucket: str,
    *statements: dict[str, Any],
    has_tls: bool = True,
    **properties: Any,
) -> dict[str, Any]:
    """Builds a bucket, and its policy: the statements, and the denial of plain http.

    The bucket is private and encrypted with the stage's key, unless `properties` say otherwise.
    """
    if parameters.access_logs and bucket in _LOGGED:
        properties["LoggingConfiguration"] = {
            "DestinationBucketName": ref(LOGS),
            "LogFilePrefix": _LOGGED[bucket],
        }
    resources = {
        bucket: {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BucketEncryption": build_bucket_encryption(parameters.kms_key),
                **build_access(blocks_acls=True),
                **properties,
            },
        }
    }
    if parameters.tls_only and has_tls:
        statements = (*statements, tls_only(bucket))
    if statements:
        resources[f"{bucket}Policy"] = {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": ref(bucket), "PolicyDocument": policy(*statements)},
        }
    return resources


def build_access(*, blocks_acls: bool) -> dict[str, Any]:
    """Builds Block Public Access and ownership: no bucket policy can make the bucket public.

    Objects with a public ACL are public, unless the bucket `blocks_acls`.
    """
    # Buckets created since 2023 reject ACLs by default.
    ownership = "BucketOwnerEnforced" if blocks_acls else "BucketOwnerPreferred"
    return {
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": blocks_acls,
            "IgnorePublicAcls": blocks_acls,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]},
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


def access_logs(parameters: StageParameters) -> dict[str, Any]:
    """Builds the bucket of S3's access logs, if the stage has them."""
    if not parameters.access_logs:
        return {}
    logged = [each for each in _LOGGED if each != _ORIGINALS or not parameters.originals_bucket]
    write = allow(
        ["s3:PutObject"],
        [sub(f"${{{LOGS}.Arn}}/{_LOGGED[bucket]}*") for bucket in logged],
        Principal={"Service": "logging.s3.amazonaws.com"},
        Condition={
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
            "ArnEquals": {"aws:SourceArn": [arn(bucket) for bucket in logged]},
        },
    )
    return logs_bucket(parameters, LOGS, write)


def logs_bucket(
    parameters: StageParameters, bucket: str, *statements: dict[str, Any], **properties: Any
) -> dict[str, Any]:
    """Builds a bucket of access logs, which expire with the functions' logs.

    CloudFormation names the bucket: with a fixed name, switching the logs off and on again would
    fail, because the old bucket is retained.
    """
    expiry = {"Id": "old-logs", "Status": "Enabled", "ExpirationInDays": parameters.log_days}
    return bucket_resources(
        parameters,
        bucket,
        *statements,
        # Neither S3 nor CloudFront delivers logs to a bucket encrypted with a KMS key.
        BucketEncryption=build_bucket_encryption(""),
        LifecycleConfiguration={"Rules": [expiry]},
        **properties,
    )
