"""The bucket of the originals: private, and separate so that no variant can start a render."""

from typing import Any

from infra.buckets.resources import bucket_resources
from infra.naming import ref, sub
from infra.originals import created_name
from infra.parameters import Parameters
from lib.operations.originals.entries import EVENTS


def originals_resources(parameters: Parameters) -> dict[str, Any]:
    """Builds the bucket; nothing if the stage names a bucket that exists."""
    if parameters.originals_bucket:
        return {}
    # Browsers post the presigned form.
    cors = {
        "AllowedMethods": ["POST"],
        "AllowedOrigins": parameters.page_origins,
        "AllowedHeaders": ["*"],
        "MaxAge": 3600,
    }
    events = [_notify(parameters, event) for event in EVENTS]
    resources = bucket_resources(
        parameters,
        "OriginalsBucket",
        BucketName=sub(created_name(parameters)),
        VersioningConfiguration={"Status": parameters.versioning},
        CorsConfiguration={"CorsRules": [cors]},
        LifecycleConfiguration={"Rules": _lifecycle(parameters)},
        NotificationConfiguration={"TopicConfigurations": events},
    )
    # S3 checks its permission to publish when the bucket is created.
    resources["OriginalsBucket"]["DependsOn"] = "TopicPolicy"
    return resources


def _lifecycle(parameters: Parameters) -> list[dict[str, Any]]:
    # S3 charges for the parts of an unfinished upload until they are deleted.
    rules: list[dict[str, Any]] = [
        {
            "Id": "abandoned-uploads",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ]
    below = {"Prefix": parameters.originals_prefix} if parameters.originals_prefix else {}
    if parameters.moves_originals:
        transition = {
            "StorageClass": parameters.originals_storage,
            "TransitionInDays": parameters.originals_storage_days,
        }
        rules.append(
            {"Id": "cheaper-originals", "Status": "Enabled", **below, "Transitions": [transition]}
        )
    if parameters.old_versions_days:
        rules.append(
            {
                "Id": "old-versions",
                "Status": "Enabled",
                **below,
                "NoncurrentVersionExpiration": {"NoncurrentDays": parameters.old_versions_days},
                # The marker of a deletion is of no use without a version below it.
                "ExpiredObjectDeleteMarker": True,
            }
        )
    return rules


def _notify(parameters: Parameters, event: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"Event": event, "Topic": ref("Topic")}
    if parameters.originals_prefix:
        rule = {"Name": "prefix", "Value": parameters.originals_prefix}
        entry["Filter"] = {"S3Key": {"Rules": [rule]}}
    return entry
