"""Encryption at rest: with the services' own keys, or with the stage's KMS key.

docs/encryption.md has the key's policy.
"""

from collections.abc import Iterable
from typing import Any

from infra.naming import allow
from infra.stage import StageParameters

# Seconds that SQS reuses a data key. An hour takes a twelfth of the calls to KMS that the default
# of five minutes takes, and a disabled key still stops the queues within the hour.
DATA_KEY_REUSE = 3600
# Actions of the services whose buckets, queues and secrets the key encrypts.
_ENCRYPTED = ("s3:", "sqs:", "secretsmanager:")


def build_bucket_encryption(key: str) -> dict[str, Any]:
    """Builds a bucket's BucketEncryption; `key` is the ARN of a KMS key, or "" for S3's own."""
    if not key:
        # S3's default since 2023. Declared, so that a deploy undoes changes made elsewhere.
        return _rule({"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}})
    return _rule(
        {
            "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
            # Without it, S3 makes a paid call to KMS for each read and write.
            "BucketKeyEnabled": True,
        }
    )


def build_queue_encryption(key: str) -> dict[str, Any]:
    """Builds a queue's encryption properties; `key` is the ARN of a KMS key, or "" for SQS's."""
    if not key:
        return {"SqsManagedSseEnabled": True}
    return {"KmsMasterKeyId": key, "KmsDataKeyReusePeriodSeconds": DATA_KEY_REUSE}


def build_secret(
    parameters: StageParameters, name: str, description: str, **content: Any
) -> dict[str, Any]:
    """Builds a secret; `content` is its first value, or how Secrets Manager generates one."""
    prefix = parameters.prefix
    properties = {
        "Name": f"{prefix}-{name}",
        "Description": f"{description} of {prefix}",
        **content,
    }
    if parameters.kms_key:
        properties["KmsKeyId"] = parameters.kms_key
    return {"Type": "AWS::SecretsManager::Secret", "Properties": properties}


def allow_key(key: str, statements: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Builds the permission to use the key for a role with these statements; none for "".

    S3 and SQS call KMS with their caller's permissions. A role without access to buckets, queues
    and secrets needs none.
    """
    actions = [action for statement in statements for action in statement["Action"]]
    if not key or not any(action.startswith(_ENCRYPTED) for action in actions):
        return []
    return [allow(["kms:Decrypt", "kms:GenerateDataKey"], key)]


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": [rule]}
