"""The CDN: paths that it is told to forget."""

from typing import TYPE_CHECKING

from lib.aws.failures import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient


def invalidate(
    cloudfront: "CloudFrontClient", distribution_id: str, paths: list[str], reference: str
) -> None:
    """Have every edge forget these URL paths; a repeated `reference` is no second invalidation."""
    with translated("CloudFront CreateInvalidation"):
        cloudfront.create_invalidation(
            DistributionId=distribution_id,
            InvalidationBatch={
                "Paths": {"Quantity": len(paths), "Items": paths},
                "CallerReference": reference,
            },
        )
