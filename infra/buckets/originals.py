"""The bucket of the originals: private, and separate so that no variant can start a render."""

from typing import Any

from infra.api.parameters import ApiParameters
from infra.naming import ref, sub

# Types of S3 events after which variants may be stale.
_EVENTS = (
    "s3:ObjectCreated:*",
    "s3:ObjectRemoved:*",
    "s3:LifecycleExpiration:*",
    "s3:ObjectRestore:Completed",
)


def originals_resources(parameters: ApiParameters) -> dict[str, Any]:
    """Builds the bucket; infra/buckets/resources.py adds its encryption and policy."""
    name = f"{parameters.prefix}-originals-${{AWS::AccountId}}-${{AWS::Region}}"
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
                "BucketName": sub(name),
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
                    "TopicConfigurations": [_notify(parameters, event) for event in _EVENTS]
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
