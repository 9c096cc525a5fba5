"""Checks a bucket that exists before a stage uses it for its originals, and as long as it does.

The stage configures nothing of it but one notification, so the cures are the owner's.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lib.aws import buckets
from lib.aws.clients import S3Client
from lib.aws.notifications import read_notifications
from lib.errors import ConfigError, TransientError
from lib.keys import Originals
from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.doctor.policies import is_public
from lib.operations.originals.connection import describe_overlaps
from lib.operations.originals.entries import OwnEntry
from lib.operations.stage_commands import StageCommands

_BLOCK_ALL = (
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
)
_ENFORCED = "'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'"


class ExistingBucket(NamedTuple):
    """The bucket, and what the stage needs of it; `kms_keys` are those that its functions may use.

    `own` is the stage's entry in the bucket's notifications.
    """

    originals: Originals
    region: str
    account: str
    kms_keys: list[str]
    own: OwnEntry

    @property
    def name(self) -> str:
        """The bucket's name."""
        return self.originals.bucket


def check_existing_bucket(
    s3: S3Client, bucket: ExistingBucket, commands: StageCommands, *, in_use: bool
) -> Iterator[Finding]:
    """Checks what the stage needs, and if the bucket is `in_use` already, its notification."""
    place = list(_check_place(s3, bucket))
    yield from place
    if place:
        return
    if in_use:
        yield _check_entry(s3, bucket, commands)
    for check in (_check_overlaps, _check_key, _check_access, _check_settings):
        yield from _report_denial(check, s3, bucket, commands)


_CheckOfBucket = Callable[[S3Client, ExistingBucket, StageCommands], Iterator[Finding]]


def _report_denial(
    check: _CheckOfBucket, s3: S3Client, bucket: ExistingBucket, commands: StageCommands
) -> Iterator[Finding]:
    """Yields a check's findings, or that it may not be made: the others still are."""
    try:
        yield from check(s3, bucket, commands)
    except (ConfigError, TransientError) as error:
        yield warning(
            f"the bucket {bucket.name}: not checked",
            str(error),
            "give these credentials the permissions in docs/existing-bucket.md",
        )


def _check_place(s3: S3Client, bucket: ExistingBucket) -> Iterator[Finding]:
    """Yields the problem that makes the bucket unusable, if there is one."""
    correct = "correct originals_bucket, or create the bucket"
    try:
        if not buckets.exists(s3, bucket.name, bucket.account):
            yield problem(f"there is no bucket {bucket.name}", "no photo can be read", correct)
            return
        region = buckets.get_region(s3, bucket.name)
        read_notifications(s3, bucket.name)
    except ConfigError as error:
        yield problem(
            f"the bucket {bucket.name} of account {bucket.account}: {error}",
            "the stage adds its notification to it, and reads photos; a bucket of another account "
            "cannot be used",
            "give these credentials the permissions in docs/existing-bucket.md, or name a bucket "
            "of this account",
        )
        return
    if region != bucket.region:
        yield problem(
            f"the bucket {bucket.name} is in {region}, the stage in {bucket.region}",
            "S3 notifies topics of its own region alone",
            f"deploy the stage in the bucket's region: region: {region}",
        )


def _check_entry(s3: S3Client, bucket: ExistingBucket, commands: StageCommands) -> Finding:
    if bucket.own.find(read_notifications(s3, bucket.name)) == [bucket.own.entry]:
        return ok(f"s3://{bucket.originals} notifies the topic of created and removed objects")
    return problem(
        f"s3://{bucket.originals} does not notify the topic, or not of everything",
        "another tool has overwritten its notifications: a bucket has only one set of them",
        commands.deploy_and_repair,
    )


def _check_overlaps(s3: S3Client, bucket: ExistingBucket, _: StageCommands) -> Iterator[Finding]:
    notifications = read_notifications(s3, bucket.name)
    if overlaps := bucket.own.find_overlaps(notifications):
        yield problem(
            describe_overlaps(bucket.name, bucket.own, overlaps),
            "S3 refuses the stage's notification beside them",
            "deploy again afterwards",
        )
    if "EventBridgeConfiguration" in notifications:
        yield ok(f"the bucket {bucket.name} also sends its events to EventBridge, which is no harm")


def _check_key(s3: S3Client, bucket: ExistingBucket, _: StageCommands) -> Iterator[Finding]:
    key = buckets.get_kms_key(s3, bucket.name)
    if not key or any(allowed.endswith(key) for allowed in bucket.kms_keys):
        yield ok(f"the bucket {bucket.name}: the functions can read what it encrypts")
    elif "alias/" in key:
        yield warning(
            f"the bucket {bucket.name} names its KMS key by an alias, {key}",
            "the functions may use "
            + (f"{', '.join(bucket.kms_keys)} alone" if bucket.kms_keys else "no KMS key"),
            "set originals_kms_key to the ARN of the alias's key, unless it is that already",
        )
    else:
        yield problem(
            f"the bucket {bucket.name} is encrypted with the KMS key {key}",
            "the functions may not use it, and could read no photo",
            "set originals_kms_key to the key's ARN, and let the key's policy allow IAM policies "
            "(docs/encryption.md)",
        )


def _check_access(
    s3: S3Client, bucket: ExistingBucket, commands: StageCommands
) -> Iterator[Finding]:
    access = buckets.get_access(s3, bucket.name)
    if is_public(access.policy, "s3:GetObject") and not access.blocks_public:
        yield warning(
            f"the bucket {bucket.name}: its policy lets everybody read originals",
            "originals have places and dates in them, and full resolution",
            "remove the statement with Principal * from the bucket's policy",
        )
    if access.blocks_public:
        yield ok(f"the bucket {bucket.name}: no public access")
    else:
        block = f"s3api put-public-access-block --bucket {bucket.name}"
        yield warning(
            f"the bucket {bucket.name}: Block Public Access is not fully on",
            "one wrong policy or ACL would let everybody read originals",
            commands.aws(f"{block} --public-access-block-configuration {_BLOCK_ALL}"),
        )
    if access.ownership == "BucketOwnerEnforced":
        yield ok(f"the bucket {bucket.name}: ACLs are off, all objects belong to this account")
    else:
        controls = f"s3api put-bucket-ownership-controls --bucket {bucket.name}"
        yield warning(
            f"the bucket {bucket.name}: Object Ownership is {access.ownership or 'not set'}: ACLs "
            "are on",
            "what another account uploads cannot be read by the workers",
            commands.aws(f"{controls} --ownership-controls {_ENFORCED}"),
        )


def _check_settings(
    s3: S3Client, bucket: ExistingBucket, commands: StageCommands
) -> Iterator[Finding]:
    if buckets.is_versioned(s3, bucket.name):
        yield ok(f"the bucket {bucket.name} keeps overwritten and deleted photos as old versions")
    else:
        versioning = f"s3api put-bucket-versioning --bucket {bucket.name}"
        yield warning(
            f"the bucket {bucket.name} keeps no old versions",
            "an upload or DELETE request that replaces or removes a photo is final",
            commands.aws(f"{versioning} --versioning-configuration Status=Enabled"),
        )
    if buckets.has_requester_pays(s3, bucket.name):
        yield ok(f"the bucket {bucket.name}: requesters pay, and this account for its own requests")
