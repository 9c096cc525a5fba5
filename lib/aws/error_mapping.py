"""Maps botocore's errors to this project's, by what to do about them."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from lib.errors import ConfigError, ConflictError, TransientError, UnknownOutcomeError

# ConditionalRequestConflict, PreconditionFailed: the object changed after it was read.
_CONFLICT = (409, 412)
# S3's code for a missing object. The status 404 alone may also mean a missing bucket.
NO_SUCH_KEY = "NoSuchKey"
# The service failed while it handled the request. 503: the write was not applied.
UNKNOWN = (500, 502, 504)
# Codes differ by service: S3 and SQS, Lambda and Logs, EC2, SNS. A HEAD's response has no body, so
# its code is the status.
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
    "403",
}
# Codes of KMS errors differ by service: KMS.DisabledException (SQS, S3), KMSDisabled (SNS),
# KmsNotFound (SQS's JSON), DecryptionFailure (Secrets Manager).
_KMS = re.compile(r"kms|(De|En)cryptionFailure$", re.IGNORECASE)
_KMS_TRANSIENT = re.compile("throttl|internal|unavailable|timeout", re.IGNORECASE)
_KEY_UNUSABLE = re.compile(
    "disabled|NotFound|InvalidState|InvalidKeyUsage|OptIn|pending deletion", re.IGNORECASE
)
# S3 and Secrets Manager may return AccessDenied, with KMS only in the message.
_KMS_IN_MESSAGE = re.compile(r"\bkms:|\bKMS\b|customer master key")


@contextmanager
def map_errors(action: str, *, conditional_write: bool = False) -> Iterator[None]:
    """Raises botocore's errors inside the block as this project's; `action` is for the message.

    All become TransientError: a permanent one ends as a dead letter after the last attempt. For a
    conditional write, a failed condition raises ConflictError, and an unanswered request
    UnknownOutcomeError.
    """
    try:
        yield
    except ClientError as error:
        # NoSuchKey: the object whose ETag the write depends on was deleted after it was read.
        is_conflict = code_of(error) == NO_SUCH_KEY or status_of(error) in _CONFLICT
        if conditional_write and is_conflict:
            raise ConflictError(f"{action}: {error}") from error
        is_unknown = conditional_write and status_of(error) in UNKNOWN
        error_class = UnknownOutcomeError if is_unknown else TransientError
        raise error_class(code_of(error), f"{action}: {error}") from error
    except BotoCoreError as error:
        error_class = UnknownOutcomeError if conditional_write else TransientError
        raise error_class(type(error).__name__, f"{action}: {error}") from error


@contextmanager
def map_access_denied(action: str) -> Iterator[None]:
    """Maps errors as `map_errors` does, but a denial to ConfigError: a retry cannot help.

    The block may also raise errors that `map_errors` has mapped.
    """
    try:
        with map_errors(action):
            yield
    except TransientError as error:
        if _is_about_key(error):
            raise ConfigError(_describe_key_error(action, error)) from error
        if error.reason not in _DENIED:
            raise
        raise ConfigError(
            f"These credentials may not {action}: docs/operations.md lists what the "
            f"command line needs. AWS says: {error.__cause__}"
        ) from error


class SuppressCodes(AbstractContextManager[None]):
    """Suppresses AWS's errors with these codes, as contextlib.suppress does those of a class."""

    def __init__(self, *codes: str) -> None:
        self._codes = codes

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        return isinstance(error, ClientError) and code_of(error) in self._codes


def _is_about_key(error: TransientError) -> bool:
    """Returns whether KMS denied the use of a key, and not only for a moment."""
    if _KMS.match(error.reason):
        return not _KMS_TRANSIENT.search(error.reason)
    return error.reason in _DENIED and bool(_KMS_IN_MESSAGE.search(str(error.__cause__)))


def _describe_key_error(action: str, error: TransientError) -> str:
    if _KEY_UNUSABLE.search(f"{error.reason} {error.__cause__}"):
        return (
            f"Nobody can {action}: the KMS key that encrypts it is disabled, about to be "
            f"deleted or gone. Enable it, or cancel its deletion. AWS says: {error.__cause__}"
        )
    return (
        f"These credentials may not {action}, which takes permission to use the KMS key that "
        f"encrypts it: docs/encryption.md lists what the command line needs. "
        f"AWS says: {error.__cause__}"
    )


def status_of(error: ClientError) -> int:
    """Returns an error response's HTTP status."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    """Returns AWS's error code, such as SlowDown."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))
