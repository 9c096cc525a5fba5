"""The CDN: paths that it is told to forget."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lib.aws.error_mapping import code_of, map_errors
from lib.errors import PermanentError, Reason

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

# What CloudFront says of a whole invalidation for one path that it does not take, or because there
# are too many: fewer of its paths may be taken.
_REFUSED = ("InvalidArgument", "BatchTooLarge")


def invalidate(
    cloudfront: "CloudFrontClient", distribution_id: str, paths: list[str], reference: str
) -> None:
    """Have every edge forget these URL paths; a repeated `reference` is no second invalidation.

    Raises PermanentError where CloudFront does not take these paths together: of one path, that it
    never will.
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
            if code_of(error) not in _REFUSED:
                raise
            raise PermanentError(
                Reason.PATH_REFUSED,
                f"CloudFront does not invalidate {paths[0]}: {error}: invalidate the folder that "
                "it is in by hand, and upload under a plainer path",
            ) from error
