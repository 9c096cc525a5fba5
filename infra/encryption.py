"""Encryption at rest: by the keys of S3 and SQS themselves, or by the one KMS key of the stage.

docs/encryption.md has the policy that such a key needs.
"""

from collections.abc import Iterable
from typing import Any

from infra.naming import allow
from infra.stage import StageParameters

# Seconds that SQS works with one data key. An hour means a twelfth of the calls to KMS that its
# default of five minutes makes, and a disabled key still stops the queues within the hour.
DATA_KEY_REUSE = 3600
# Actions of the services whose buckets, queues and secrets the key encrypts.
_ENCRYPTED = ("s3:", "sqs:", "secretsmanager:")


def build_bucket_encryption(key: str) -> dict[str, Any]:
    """A bucket's BucketEncryption; `key` is the ARN of a KMS key, or "" for S3's own."""
    if not key:
        # S3's default since 2023. Written down, so that a change outside is undone by a deploy.
        return _rule({"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}})
    return _rule(
        {
            "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
            # Else S3 calls KMS, which costs, for each object that is read or written.
            "BucketKeyEnabled": True,
        }
    )


def build_queue_encryption(key: str) -> dict[str, Any]:
    """A queue's properties."""
    if not key:
        return {"SqsManagedSseEnabled": True}
    return {"KmsMasterKeyId": key, "KmsDataKeyReusePeriodSeconds": DATA_KEY_REUSE}


def build_secret(
    parameters: StageParameters, name: str, about: str, **content: Any
) -> dict[str, Any]:
    """A secret; `content` is its first text, or how Secrets Manager makes one up."""
    prefix, key = parameters.prefix, parameters.kms_key
    properties = {"Name": f"{prefix}-{name}", "Description": f"{about} of {prefix}", **content}
    if key:
        properties["KmsKeyId"] = key
    return {"Type": "AWS::SecretsManager::Secret", "Properties": properties}


def allow_key(key: str) -> list[dict[str, Any]]:
    """Leave for a role to read and write what is encrypted by exactly this key; none without one.

    S3 and SQS ask KMS in the name of whoever calls them.
    """
    return [allow(["kms:Decrypt", "kms:GenerateDataKey"], key)] if key else []


def reaches_encrypted(statements: Iterable[dict[str, Any]]) -> bool:
    """Tells whether the statements reach buckets, queues or secrets, which the key encrypts."""
    return any(
        action.startswith(_ENCRYPTED) for statement in statements for action in statement["Action"]
    )


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": [rule]}
