"""Where the originals are, for functions, roles and the command line."""

from typing import Any

from infra.naming import ORIGINALS_BUCKET, allow, ref, sub
from infra.stage import StageParameters


def originals_settings(parameters: StageParameters) -> dict[str, Any]:
    """Builds the environment of a function that reads or writes originals."""
    return {
        "ORIGINALS_BUCKET": ref("OriginalsBucket"),
        "ORIGINALS_PREFIX": parameters.originals_prefix,
    }


def originals_outputs(parameters: StageParameters) -> dict[str, Any]:
    """Builds the outputs that name the bucket, and the folder in it."""
    uri = f"s3://${{OriginalsBucket}}/{parameters.originals_prefix}"
    return {
        "OriginalsBucketName": {"Value": ref("OriginalsBucket")},
        "OriginalsUri": {"Value": sub(uri)},
    }


def allow_originals(parameters: StageParameters, *actions: str) -> dict[str, Any]:
    """Builds the permission for actions on originals."""
    return allow([*actions], sub(f"{ORIGINALS_BUCKET}/{parameters.originals_prefix}*"))


def allow_list_originals(parameters: StageParameters) -> dict[str, Any]:
    """Builds the permission to list originals: S3 then answers 404 for a missing one."""
    listed = {"StringLike": {"s3:prefix": [f"{parameters.originals_prefix}*"]}}
    return allow(["s3:ListBucket"], sub(ORIGINALS_BUCKET), Condition=listed)
