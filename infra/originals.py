"""Where the originals are, for functions, roles, the topic and the command line.

They are in a bucket that the stack creates, or in one that exists (`originals_bucket`). Of the
latter the stack owns nothing: infra/hooks/originals.py adds the stage's notification to it.
"""

import json
from collections.abc import Sequence
from typing import Any

from infra.api.parameters import ApiParameters
from infra.naming import S3_ARN, allow, bucket_name, ref, sub
from infra.stage import StageParameters
from lib.aws.stacks import ORIGINALS_KEYS


def originals_settings(parameters: StageParameters) -> dict[str, Any]:
    """Builds the environment of a function that reads or writes originals."""
    return {
        "ORIGINALS_BUCKET": _name(parameters),
        "ORIGINALS_PREFIX": parameters.originals_prefix,
    }


def originals_outputs(parameters: ApiParameters) -> dict[str, Any]:
    """Builds the outputs that name the bucket, and the folder in it.

    Two more are there if the stack did not create the bucket: `UploadOrigins`, as JSON, and
    `OriginalsKmsKeys`, the keys that functions may use, separated by commas, or `none`.
    """
    uri = f"s3://{originals_bucket(parameters)}/{parameters.originals_prefix}"
    outputs = {
        "OriginalsBucketName": {"Value": _name(parameters)},
        "OriginalsUri": {"Value": uri if parameters.originals_bucket else sub(uri)},
    }
    if parameters.originals_bucket:
        keys = [key for key in (parameters.originals_kms_key, parameters.kms_key) if key]
        outputs["UploadOrigins"] = {"Value": json.dumps(parameters.upload_origins)}
        outputs[ORIGINALS_KEYS] = {"Value": ",".join(keys) or "none"}
    return outputs


def originals_arn(parameters: StageParameters) -> dict[str, Any]:
    """Builds the ARN of the only bucket that may publish to the topic of originals.

    By name: a reference to the created bucket, which depends on the policy, would be circular.
    """
    return sub(S3_ARN + (parameters.originals_bucket or created_name(parameters)))


def created_name(parameters: StageParameters) -> str:
    """Returns the name of the bucket that the stack creates, for Fn::Sub."""
    return bucket_name(parameters.prefix, "originals")


def originals_bucket(parameters: StageParameters) -> str:
    """Returns the name of the bucket of the originals, for Fn::Sub."""
    return parameters.originals_bucket or "${OriginalsBucket}"


def allow_originals(parameters: StageParameters, *actions: str) -> dict[str, Any]:
    """Builds the permission for actions on originals."""
    return allow([*actions], sub(f"{_arn(parameters)}/{parameters.originals_prefix}*"))


def allow_list_originals(parameters: StageParameters) -> dict[str, Any]:
    """Builds the permission to list originals: S3 then answers 404 for a missing one."""
    listed = {"StringLike": {"s3:prefix": [f"{parameters.originals_prefix}*"]}}
    return allow(["s3:ListBucket"], sub(_arn(parameters)), Condition=listed)


def allow_originals_key(
    parameters: StageParameters, statements: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Builds the permission to use the existing bucket's key, for a role with these statements."""
    key = parameters.originals_kms_key
    objects = allow_originals(parameters)["Resource"]
    actions = {
        action
        for statement in statements
        if statement["Resource"] == objects
        for action in statement["Action"]
    }
    if not key or not actions & {"s3:GetObject", "s3:PutObject"}:
        return []
    writes = ["kms:GenerateDataKey"] if "s3:PutObject" in actions else []
    return [allow(["kms:Decrypt", *writes], key)]


def _name(parameters: StageParameters) -> Any:
    return parameters.originals_bucket or ref("OriginalsBucket")


def _arn(parameters: StageParameters) -> str:
    return S3_ARN + originals_bucket(parameters)
