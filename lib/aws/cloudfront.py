"""CloudFront: invalidations of cached paths."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lib.aws.error_mapping import code_of, map_errors
from lib.errors import PermanentError, Reason

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

# CloudFront rejects a whole invalidation for one invalid path or for too many paths: it may accept
# a part of the paths.
_REJECTED = ("InvalidArgument", "BatchTooLarge")


def invalidate(
    cloudfront: "CloudFrontClient", distribution_id: str, paths: list[str], reference: str
) -> None:
    """Invalidates URL paths in one request; a repeated `reference` creates no second invalidation.

    Raises PermanentError if CloudFront rejects these paths; a single path is then never accepted.
    """
    with map_errors("CloudFront CreateInvalidation"):
        try:
            cloudfront.create_invalidation(
                DistributionId=distribution_id,
                InvalidationBatch={
                    "Paths": {"Quantity": len(paths), "Items": paths},
                    "CallerReference": reference,
                },
            )
        except ClientError as error:
            if code_of(error) not in _REJECTED:
                raise
            raise PermanentError(
                Reason.PATH_REFUSED,
                f"CloudFront does not invalidate {paths[0]}: {error}: invalidate the folder that "
                "it is in by hand, and upload under a plainer path",
            ) from error
