"""Checks who may read a bucket, and who owns its objects."""

from lib.aws.buckets import BucketAccess
from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.doctor.policies import allows, is_public


def check_private(what: str, access: BucketAccess) -> Finding:
    """Checks that Block Public Access is fully on: for originals and failure records."""
    if access.blocks_public:
        return ok(f"{what}: no public access")
    return problem(
        f"{what}: Block Public Access is not fully on",
        "one wrong policy or ACL would let everybody read it",
    )


def check_ownership(what: str, access: BucketAccess) -> Finding:
    """Checks that ACLs are off, so that the bucket's account owns every object."""
    if access.ownership == "BucketOwnerEnforced":
        return ok(f"{what}: ACLs are off, all objects belong to this account")
    return warning(
        f"{what}: Object Ownership is {access.ownership or 'not set'}: ACLs are on",
        "objects that another account writes cannot be read by the workers or the CDN",
    )


def check_public_images(access: BucketAccess) -> Finding:
    """Checks that ACLs can make images public, on a stage without a CDN."""
    if access.ownership not in ("BucketOwnerPreferred", "ObjectWriter"):
        return problem(
            "the images bucket: ACLs are off, and images are public by their ACLs alone",
            "workers cannot store images, and requests for existing ones get 403",
        )
    if access.blocks_acls:
        return problem(
            "the images bucket: Block Public Access overrules the images' ACLs",
            "workers cannot store images, or requests for existing ones get 403",
        )
    return ok("the images bucket: everybody may read what has a public ACL")


def check_readers(access: BucketAccess, distribution_arn: str) -> Finding:
    """Checks that the CDN, or everybody, may read images, and that no setting contradicts it."""
    if is_public(access.policy, "s3:GetObject") and access.blocks_public:
        return problem(
            "the images bucket: its policy is public, and Block Public Access overrules it",
            "every request for an image gets 403",
            "remove one of them: the policy's Principal *, or the block",
        )
    if allows(access.policy, "s3:GetObject", "cloudfront.amazonaws.com", distribution_arn):
        return ok("the images bucket: the CDN may read it")
    if is_public(access.policy, "s3:GetObject"):
        return ok("the images bucket: everybody may read it")
    if access.ownership != "BucketOwnerEnforced" and not access.blocks_public:
        return warning(
            "the images bucket: no policy lets anybody read it, only ACLs can",
            "the workers write no ACLs, so requests for images get 403",
        )
    return problem(
        "the images bucket: the CDN may not read it", "every request for an image gets 403"
    )
