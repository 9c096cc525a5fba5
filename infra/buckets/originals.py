"""The bucket of the originals: private, and separate so that no variant can start a render."""

from typing import Any

from infra.api.parameters import ApiParameters
from infra.naming import ref, sub
from infra.originals import created_name
from lib.operations.originals.entries import EVENTS


def originals_resources(parameters: ApiParameters) -> dict[str, Any]:
    """Builds the bucket; infra/buckets/resources.py adds its encryption and policy.

    Builds nothing if the stage names a bucket that exists.
    """
    if parameters.originals_bucket:
        return {}
    # Browsers post the presigned form.
    cors = {
        "AllowedMethods": ["POST"],
        "AllowedOrigins": parameters.upload_origins,
        "AllowedHeaders": ["*"],
        "MaxAge": 3600,
    }
    # S3 charges for the parts of an unfinished upload until they are deleted.
    abandoned_uploads = {
        "Id": "abandoned-uploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    return {
        "OriginalsBucket": {
            "Type": "AWS::S3::Bucket",
            # S3 checks its permission to publish when the bucket is created.
            "DependsOn": "TopicPolicy",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BucketName": sub(created_name(parameters)),
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "VersioningConfiguration": {"Status": parameters.versioning},
                "CorsConfiguration": {"CorsRules": [cors]},
                "LifecycleConfiguration": {"Rules": [abandoned_uploads]},
                "NotificationConfiguration": {
                    "TopicConfigurations": [_notify(parameters, event) for event in EVENTS]
                },
            },
        }
    }


def _notify(parameters: ApiParameters, event: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"Event": event, "Topic": ref("Topic")}
    if parameters.originals_prefix:
        rule = {"Name": "prefix", "Value": parameters.originals_prefix}
        entry["Filter"] = {"S3Key": {"Rules": [rule]}}
    return entry
