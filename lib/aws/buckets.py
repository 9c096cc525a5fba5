"""Buckets: their access settings, encryption and CORS rules."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from lib.aws.clients import S3Client
from lib.aws.error_mapping import SuppressCodes, map_access_denied

T = TypeVar("T")
# The code of a response to a HEAD: it has no body.
_NOT_FOUND = "404"
# S3's error codes for settings that a bucket does not have.
_NOT_SET = {
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
}
# The alias of S3's own key in KMS.
_S3_KEY = "alias/aws/s3"
# The settings of Block Public Access.
_ACL_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls")
_POLICY_BLOCKS = ("BlockPublicPolicy", "RestrictPublicBuckets")


class BucketAccess(NamedTuple):
    """A bucket's access settings; `ownership` is S3's value, "" if not set.

    `blocks_public` is all of Block Public Access, `blocks_acls` any of its settings for ACLs.
    """

    ownership: str
    blocks_public: bool
    blocks_acls: bool
    policy: str | None


def exists(s3: S3Client, bucket: str, owner: str | None = None) -> bool:
    """Returns whether there is a bucket of this name in this account.

    Raises ConfigError if access is denied, as for another account's bucket; with the account
    `owner`, also if that bucket's policy allows access.
    """
    expected: Any = {"ExpectedBucketOwner": owner} if owner else {}
    with map_access_denied(f"look at the bucket {bucket}"), SuppressCodes(_NOT_FOUND):
        s3.head_bucket(Bucket=bucket, **expected)
        return True
    return False


def get_access(s3: S3Client, bucket: str) -> BucketAccess:
    """Returns a bucket's access settings."""
    with map_access_denied(f"read the access settings of the bucket {bucket}"):
        return BucketAccess(
            _if_set(lambda: _get_ownership(s3, bucket)) or "",
            _if_set(lambda: all(_get_blocks(s3, bucket, *_ACL_BLOCKS, *_POLICY_BLOCKS))) or False,
            _if_set(lambda: any(_get_blocks(s3, bucket, *_ACL_BLOCKS))) or False,
            _if_set(lambda: s3.get_bucket_policy(Bucket=bucket)["Policy"]),
        )


def get_region(s3: S3Client, bucket: str) -> str:
    """Returns the region that a bucket is in."""
    with map_access_denied(f"look where the bucket {bucket} is"):
        location: Any = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint")
    # S3's names for its two oldest regions.
    return str({None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(location, location))


def get_kms_key(s3: S3Client, bucket: str) -> str:
    """Returns the customer managed key that a bucket encrypts with, as it names it, or "".

    It may be an ARN, an id or an alias. S3's own key in KMS is open to the whole account.
    """
    with map_access_denied(f"read the encryption of the bucket {bucket}"):
        response = _if_set(lambda: s3.get_bucket_encryption(Bucket=bucket))
    rules = response["ServerSideEncryptionConfiguration"]["Rules"] if response else []
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    keys = [default.get("KMSMasterKeyID", "") for default in defaults]
    return next((key for key in keys if key and not key.endswith(_S3_KEY)), "")


def is_versioned(s3: S3Client, bucket: str) -> bool:
    """Returns whether overwritten and deleted objects stay as old versions."""
    with map_access_denied(f"read the versioning of the bucket {bucket}"):
        return s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled"


def has_requester_pays(s3: S3Client, bucket: str) -> bool:
    """Returns whether requests are paid by those who send them."""
    with map_access_denied(f"read who pays for requests to the bucket {bucket}"):
        return s3.get_bucket_request_payment(Bucket=bucket).get("Payer") == "Requester"


def read_cors(s3: S3Client, bucket: str) -> list[dict[str, Any]]:
    """Returns a bucket's CORS rules as S3 has them."""
    with map_access_denied(f"read the CORS rules of the bucket {bucket}"):
        rules: Any = _if_set(lambda: s3.get_bucket_cors(Bucket=bucket)["CORSRules"])
    return list(rules or [])


def write_cors(s3: S3Client, bucket: str, rules: list[dict[str, Any]]) -> None:
    """Replaces a bucket's CORS rules."""
    configuration: Any = {"CORSRules": rules}
    with map_access_denied(f"change the CORS rules of the bucket {bucket}"):
        if rules:
            s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=configuration)
        else:
            s3.delete_bucket_cors(Bucket=bucket)


def _get_ownership(s3: S3Client, bucket: str) -> str:
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return rule["ObjectOwnership"]


def _get_blocks(s3: S3Client, bucket: str, *settings: str) -> list[bool]:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return [bool(block.get(setting)) for setting in settings]


def _if_set(read: Callable[[], T]) -> T | None:
    with SuppressCodes(*_NOT_SET):
        return read()
    return None
