"""Checks who may read a bucket, and who owns its objects."""

from collections.abc import Iterator

from lib.aws.buckets import BucketAccess
from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.doctor.policies import allows, is_public
from lib.operations.doctor.queues import DEPLOY


def check_private(what: str, access: BucketAccess) -> Iterator[Finding]:
    """Checks that Block Public Access is fully on: for originals and failure records."""
    if access.blocks_public:
        yield ok(f"{what}: no public access")
    else:
        yield problem(
            f"{what}: Block Public Access is not fully on",
            "one policy or ACL by mistake, and strangers read what people uploaded",
            DEPLOY,
        )


def check_ownership(what: str, access: BucketAccess) -> Iterator[Finding]:
    """Checks that ACLs are off, so that the bucket's account owns every object."""
    if access.ownership == "BucketOwnerEnforced":
        yield ok(f"{what}: ACLs are off, all objects belong to this account")
    else:
        yield warning(
            f"{what}: Object Ownership is {access.ownership or 'not set'}: ACLs count",
            "objects that another account writes cannot be read by the workers or the CDN",
            DEPLOY,
        )


def check_public_images(access: BucketAccess) -> Iterator[Finding]:
    """Checks that ACLs can make images public, on a stage without a CDN."""
    if access.ownership not in ("BucketOwnerPreferred", "ObjectWriter"):
        yield problem(
            "the images bucket: ACLs are off, and pictures are public by their ACLs alone",
            "workers cannot store any, and those that are there answer 403",
            DEPLOY,
        )
    elif access.blocks_acls:
        yield problem(
            "the images bucket: Block Public Access overrules the pictures' ACLs",
            "workers cannot store any, or those that are there answer 403",
            DEPLOY,
        )
    else:
        yield ok("the images bucket: everybody may read what has a public ACL")


def check_readers(access: BucketAccess, distribution_arn: str) -> Iterator[Finding]:
    """Checks that the CDN, or everybody, may read images, and that no setting contradicts it."""
    if is_public(access.policy, "s3:GetObject") and access.blocks_public:
        yield problem(
            "the images bucket: its policy is public, and Block Public Access overrules it",
            "every picture answers 403",
            "take one of them away: the policy's Principal *, or the block",
        )
    elif allows(access.policy, "s3:GetObject", "cloudfront.amazonaws.com", distribution_arn):
        yield ok("the images bucket: the CDN may read it")
    elif is_public(access.policy, "s3:GetObject"):
        yield ok("the images bucket: everybody may read it")
    elif access.ownership != "BucketOwnerEnforced" and not access.blocks_public:
        yield warning(
            "the images bucket: no policy lets anybody read it, only ACLs can",
            "the workers write none, so that pictures answer 403",
            DEPLOY,
        )
    else:
        yield problem(
            "the images bucket: the CDN may not read it", "every picture answers 403", DEPLOY
        )
