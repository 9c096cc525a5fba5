"""The images bucket's side: whom it lets read.

What is the same in both ways of delivery is in infra/buckets/images.yml; Serverless merges the two.
"""

from typing import Any

from infra.buckets.resources import bucket_policy, tls_only
from infra.delivery.parameters import DeliveryParameters
from infra.delivery.website import website
from infra.naming import allow, arn, distribution_arn, sub
from lib.sizes import Size


def images_bucket(parameters: DeliveryParameters, sizes: list[Size]) -> dict[str, Any]:
    """The bucket's access settings: closed to the public, or open to what has a public ACL.

    ACLs alone open it, object by object: no policy can, by mistake or otherwise.
    """
    acls_count = parameters.is_public
    properties: dict[str, Any] = {
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": not acls_count,
            "IgnorePublicAcls": not acls_count,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
        # Buckets made since 2023 refuse ACLs unless told otherwise.
        "OwnershipControls": {
            "Rules": [
                {"ObjectOwnership": "BucketOwnerPreferred" if acls_count else "BucketOwnerEnforced"}
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
    """The distribution, and nobody else, reads variants; and nobody without TLS."""
    ours = {"ArnEquals": {"aws:SourceArn": distribution_arn("Distribution")}}
    cloudfront = {"Service": "cloudfront.amazonaws.com"}
    readers = [
        allow(["s3:GetObject"], sub("${ImagesBucket.Arn}/*"), Principal=cloudfront, Condition=ours),
        # So that a missing picture is a 404 and not a 403. S3 takes the key asked for as the
        # prefix, so this one never allows a list of the bucket, whose prefix is empty.
        allow(
            ["s3:ListBucket"],
            arn("ImagesBucket"),
            Principal=cloudfront,
            Condition=ours | {"StringLike": {"s3:prefix": "*/*"}},
        ),
    ]
    has_website = parameters.delivery == "website"
    statements = [
        *([] if parameters.is_public else readers),
        # S3's websites speak nothing but plain http.
        *([tls_only("ImagesBucket")] if parameters.tls_only and not has_website else []),
    ]
    if not statements:
        return {}
    return {"ImagesBucketPolicy": bucket_policy("ImagesBucket", *statements)}
