"""The bucket of the variants; who may read them depends on `delivery`."""

from typing import Any

from infra.buckets.resources import bucket_resources, build_access
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.website import website
from infra.naming import allow, arn, bucket_name, distribution_arn, ref, sub
from lib.sizes import Size

_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")


def images_bucket(parameters: DeliveryParameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the bucket: private, or public for objects with a public ACL."""
    # For subscribers of the user's own; no queue of the stack subscribes.
    events = [{"Event": event, "Topic": ref("VariantsTopic")} for event in _EVENTS]
    properties: dict[str, Any] = {
        "BucketName": sub(bucket_name(parameters.prefix, "images")),
        "NotificationConfiguration": {"TopicConfigurations": events},
        **build_access(blocks_acls=not parameters.is_public),
    }
    if site := website(parameters, sizes):
        properties["WebsiteConfiguration"] = site
    if parameters.is_public and parameters.image_origins:
        rule = {"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": parameters.image_origins}
        properties["CorsConfiguration"] = {"CorsRules": [rule]}
    readers = [] if parameters.is_public else _allow_distribution()
    # S3's websites serve plain http only.
    has_tls = parameters.delivery != "website"
    resources = bucket_resources(
        parameters, "ImagesBucket", *readers, has_tls=has_tls, **properties
    )
    # S3 checks its permission to publish when the bucket is created.
    resources["ImagesBucket"]["DependsOn"] = "VariantsTopicPolicy"
    return resources


def _allow_distribution() -> list[dict[str, Any]]:
    """Builds the permissions that let the distribution read variants, and nobody else."""
    from_distribution = {"ArnEquals": {"aws:SourceArn": distribution_arn("Distribution")}}
    cloudfront = {"Service": "cloudfront.amazonaws.com"}
    return [
        allow(
            ["s3:GetObject"],
            sub("${ImagesBucket.Arn}/*"),
            Principal=cloudfront,
            Condition=from_distribution,
        ),
        # For a missing object, S3 then answers 404 and not 403. Its prefix is the requested key;
        # a list of the bucket has an empty prefix, and stays denied.
        allow(
            ["s3:ListBucket"],
            arn("ImagesBucket"),
            Principal=cloudfront,
            Condition=from_distribution | {"StringLike": {"s3:prefix": "*/*"}},
        ),
    ]
