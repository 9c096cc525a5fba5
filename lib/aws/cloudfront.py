"""CloudFront: invalidations of cached paths, and who may see what."""

from botocore.exceptions import ClientError

from lib.aws.clients import CloudFrontClient
from lib.aws.error_mapping import code_of, map_access_denied, map_errors
from lib.errors import PermanentError, Reason

# CloudFront rejects a whole invalidation for one invalid path or for too many paths: it may accept
# a part of the paths.
_REJECTED = ("InvalidArgument", "BatchTooLarge")


def invalidate(
    cloudfront: CloudFrontClient, distribution_id: str, paths: list[str], reference: str
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


def list_key_group(cloudfront: CloudFrontClient, group_id: str) -> list[str]:
    """Lists the ids of a key group's public keys."""
    with map_access_denied(f"look at the key group {group_id}"):
        response = cloudfront.get_key_group(Id=group_id)
    return response["KeyGroup"]["KeyGroupConfig"]["Items"]


def list_open_paths(cloudfront: CloudFrontClient, distribution_id: str, group_id: str) -> list[str]:
    """Lists the path patterns of a distribution that require no signature of the key group."""
    with map_access_denied(f"look at the distribution {distribution_id}"):
        response = cloudfront.get_distribution_config(Id=distribution_id)
    config = response["DistributionConfig"]
    groups = {"*": config["DefaultCacheBehavior"].get("TrustedKeyGroups")} | {
        each["PathPattern"]: each.get("TrustedKeyGroups")
        for each in config.get("CacheBehaviors", {}).get("Items", [])
    }
    return [
        path
        for path, trusted in groups.items()
        if not (trusted and trusted["Enabled"] and trusted.get("Items") == [group_id])
    ]
