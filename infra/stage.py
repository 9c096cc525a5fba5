"""Stage parameters that every part of the template uses."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

# Names of the buckets that stacks of this project create, but that of the originals.
_OF_ANOTHER_USE = re.compile(r"-(images|failures)-\d{12}-[a-z0-9-]+$")
# Characters that S3's events, its notification filters and IAM's patterns all spell alike.
_PREFIX = re.compile(r"^((?!\.{1,2}/)[\w.-]+/)+$", re.ASCII)
# Leaves half of the 1,024 bytes of an S3 key to the path.
_MAX_PREFIX = 512


def _words(given: object) -> object:
    """Splits a list with commas, as --param passes it; returns one of serverless.yml unchanged."""
    if not isinstance(given, str):
        return given
    return [word.strip() for word in given.split(",") if word.strip()]


Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Words = Annotated[list[Word], BeforeValidator(_words)]
# The name of a key is a UUID; that of a multi-Region key is mrk- and 32 digits.
_KEY = (
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})",
    "must be the ARN of a customer managed key in the stage's region, such as "
    "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-…, or empty for none; an alias will not do, "
    "since the functions' roles name the key",
)
# The patterns of parameters that are not empty, and what is wrong with others.
_FORMS = {
    "kms_key": _KEY,
    "originals_kms_key": _KEY,
    # A policy of an account, or one that AWS manages.
    "permissions_boundary": (
        r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]{1,512}",
        "must be the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary, "
        "or empty for none",
    ),
    # S3's rules for names, without those of before 2018 (capitals, underscores).
    "originals_bucket": (
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "must be the name of a bucket of this account and region, without s3:// and without a "
        "folder, or empty for one that the stack creates",
    ),
    # A rough check: SNS validates the address, and sends a confirmation to it.
    "alarm_email": (
        r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+",
        "must be one e-mail address such as ops@example.com, or empty",
    ),
}


class StageParameters(BaseModel):
    """Parameters that apply to all parts of a stage."""

    service: str
    stage: str
    region: str
    # URL of the API: text or an intrinsic function.
    api_url: str | dict[str, Any]
    # URL of the AWS emulator that the stage is deployed to, "" for AWS itself.
    emulator: str
    # A bucket that exists, for the originals; "" for one that the stack creates.
    originals_bucket: str
    # ARN of the key that encrypts that bucket; "" for S3's own keys, or the stage's.
    originals_kms_key: str
    # Folder of the originals in their bucket, with a slash at its end; "" for the whole bucket.
    originals_prefix: str
    # Whether overwritten and deleted originals stay as old versions.
    versioning: Literal["Enabled", "Suspended"]
    # Kinds of images rendered on demand: missing variants, signed URLs with any dimensions.
    on_demand: Annotated[list[Literal["declared", "signed"]], BeforeValidator(_words)]
    # ARN of the key that encrypts buckets, queues, topics and secrets; "" for the services' own.
    kms_key: str
    # Subscriber to the alarm topic; "" for none.
    alarm_email: str
    xray: bool
    access_logs: bool
    # Whether the stage has the console, and the operator's routes of the API that it needs.
    console: bool
    # Whether buckets deny plain http; an emulator has nothing else.
    tls_only: bool
    log_days: int = Field(ge=1)
    # ARN of the policy that is the permissions boundary of every role; "" for none.
    permissions_boundary: str

    @property
    def prefix(self) -> str:
        """Prefix of the names of the stack's resources."""
        return f"{self.service}-{self.stage}"

    @property
    def serves_signed(self) -> bool:
        """Whether signed URLs, with any dimensions, are served."""
        return "signed" in self.on_demand

    @field_validator("originals_prefix")
    @classmethod
    def _prefix_is_a_folder(cls, prefix: str) -> str:
        if prefix in ("", "/"):  # sls takes no --param without a value
            return ""
        if len(prefix) > _MAX_PREFIX or not _PREFIX.match(prefix):
            raise ValueError(
                f"must be a folder such as photos/ or shop/photos/, of at most {_MAX_PREFIX} "
                "letters, digits and ._- with a slash at its end, or / for the whole bucket"
            )
        return prefix

    @field_validator(*_FORMS)
    @classmethod
    def _has_its_form(cls, given: str, info: ValidationInfo) -> str:
        pattern, requirement = _FORMS[str(info.field_name)]
        if given and not re.fullmatch(pattern, given, re.ASCII):
            raise ValueError(requirement)
        return given

    @field_validator("originals_bucket")
    @classmethod
    def _bucket_is_no_other_of_a_stage(cls, bucket: str) -> str:
        if _OF_ANOTHER_USE.search(bucket):
            raise ValueError(
                "is a bucket of variants or failure records, and each variant in it would start "
                "another rendering: name the bucket with the originals"
            )
        return bucket

    @model_validator(mode="after")
    def _refuse_conflicts(self) -> Self:
        if conflict := next(self.find_conflicts(), ""):
            raise ValueError(conflict)
        return self

    def find_conflicts(self) -> Iterator[str]:
        """Yields what is wrong with parameters together; a message begins with one of them."""
        if self.originals_kms_key and not self.originals_bucket:
            yield (
                f"originals_kms_key: got {self.originals_kms_key!r} without an originals_bucket: "
                "a bucket that the stack creates is encrypted with kms_key"
            )
