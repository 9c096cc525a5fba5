"""Access to the images bucket, which depends on `delivery`.

Serverless merges these properties with those of infra/buckets/images.yml.
"""

from typing import Any

from infra.buckets.resources import bucket_policy, tls_only
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.website import website
from infra.naming import allow, arn, distribution_arn, sub
from lib.sizes import Size


def images_bucket(parameters: DeliveryParameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the bucket's access settings: private, or public for objects with a public ACL.

    No bucket policy can make it public, by mistake or otherwise.
    """
    uses_acls = parameters.is_public
    properties: dict[str, Any] = {
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": not uses_acls,
            "IgnorePublicAcls": not uses_acls,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
        # Buckets created since 2023 reject ACLs by default.
        "OwnershipControls": {
            "Rules": [
                {"ObjectOwnership": "BucketOwnerPreferred" if uses_acls else "BucketOwnerEnforced"}
            ]
        },
    }
    if site := website(parameters, sizes):
        properties["WebsiteConfiguration"] = site
    if parameters.is_public and parameters.image_origins:
        rule = {"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": parameters.image_origins}
        properties["CorsConfiguration"] = {"CorsRules": [rule]}
    return {"ImagesBucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}


def images_policy(parameters: DeliveryParameters) -> dict[str, Any]:
    """Builds the policy that lets only the distribution read variants, and denies plain http."""
    from_distribution = {"ArnEquals": {"aws:SourceArn": distribution_arn("Distribution")}}
    cloudfront = {"Service": "cloudfront.amazonaws.com"}
    readers = [
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
    has_website = parameters.delivery == "website"
    statements = [
        *([] if parameters.is_public else readers),
        # S3's websites serve plain http only.
        *([tls_only("ImagesBucket")] if parameters.tls_only and not has_website else []),
    ]
    if not statements:
        return {}
    return {"ImagesBucketPolicy": bucket_policy("ImagesBucket", *statements)}
