"""botocore's errors, told apart by what to do about them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from lib.errors import ConfigError, ConflictError, TransientError, UnknownOutcomeError

# PreconditionFailed, ConditionalRequestConflict: the object is not the one we read.
_CONFLICT = (409, 412)
# S3's code for a missing object. Its 404 alone may as well be about the bucket.
NO_SUCH_KEY = "NoSuchKey"
# An error somewhere behind the door of the service; 503 is the door's own refusal.
UNKNOWN = (500, 502, 504)
# Each service has its own word for it: S3 and SQS, Lambda and Logs, EC2, SNS; a HEAD's answer has
# no body to say more than its status.
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
    "403",
}
# Services name a refusal of KMS in their own ways: KMS.DisabledException (SQS, S3), KMSDisabled
# (SNS), KmsNotFound (SQS's JSON), DecryptionFailure (Secrets Manager).
_KMS = re.compile(r"kms|(De|En)cryptionFailure$", re.IGNORECASE)
_KMS_FOR_A_MOMENT = re.compile("throttl|internal|unavailable|timeout", re.IGNORECASE)
_KEY_UNUSABLE = re.compile(
    "disabled|NotFound|InvalidState|InvalidKeyUsage|OptIn|pending deletion", re.IGNORECASE
)
# S3 and Secrets Manager may say AccessDenied, and only in words that it was the key.
_KMS_IN_WORDS = re.compile(r"\bkms:|\bKMS\b|customer master key")


@contextmanager
def map_errors(doing: str, *, writing: bool = False) -> Iterator[None]:
    """Turn botocore's errors inside the block into ours; `doing` names the call for readers.

    A call that is `writing` does so on a condition: it is a conflict where that does not hold, and
    has an unknown outcome unless it was answered or refused.
    Whatever is not known to be permanent counts as transient: SQS tries it again, and after the
    last attempt it is a dead letter with its reason, not a loss.
    """
    try:
        yield
    except ClientError as error:
        # NoSuchKey: the object whose ETag the write depends on has gone since it was read.
        beaten = code_of(error) == NO_SUCH_KEY or status_of(error) in _CONFLICT
        if writing and beaten:
            raise ConflictError(f"{doing}: {error}") from error
        unknown = writing and status_of(error) in UNKNOWN
        kind = UnknownOutcomeError if unknown else TransientError
        raise kind(code_of(error), f"{doing}: {error}") from error
    except BotoCoreError as error:
        kind = UnknownOutcomeError if writing else TransientError
        raise kind(type(error).__name__, f"{doing}: {error}") from error


@contextmanager
def map_access_denied(doing: str) -> Iterator[None]:
    """As `translated`, and ConfigError for a refusal: for people, whom another try does not help.

    The block may call what is translated already, as a worker needs it.
    """
    try:
        with map_errors(doing):
            yield
    except TransientError as error:
        if _is_about_key(error):
            raise ConfigError(_key_refused(doing, error)) from error
        if error.reason not in _DENIED:
            raise
        raise ConfigError(
            f"These credentials may not {doing}: docs/operations.md lists what the "
            f"command line needs. AWS says: {error.__cause__}"
        ) from error


def _is_about_key(error: TransientError) -> bool:
    """Whether KMS has refused the key of what was asked for, for longer than a moment."""
    if _KMS.match(error.reason):
        return not _KMS_FOR_A_MOMENT.search(error.reason)
    return error.reason in _DENIED and bool(_KMS_IN_WORDS.search(str(error.__cause__)))


def _key_refused(doing: str, error: TransientError) -> str:
    if _KEY_UNUSABLE.search(f"{error.reason} {error.__cause__}"):
        return (
            f"Nobody can {doing}: the KMS key that encrypts it is disabled, about to be deleted or "
            f"gone. Enable it, or cancel its deletion. AWS says: {error.__cause__}"
        )
    return (
        f"These credentials may not {doing}, which takes leave to use the KMS key that encrypts "
        f"it: docs/encryption.md lists what the command line needs. AWS says: {error.__cause__}"
    )


def status_of(error: ClientError) -> int:
    """HTTP status of a refused call."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    """AWS's short name of what went wrong, such as SlowDown."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))
