"""Every error this project raises on purpose, in one tree.

FanoutError
├── ConfigError         the deployer's input is wrong: sizes.yml, a parameter, the environment
├── RequestError        an API request is refused
├── StepError           a check of `verify` failed on a deployed stage
├── PermanentError      the input can never succeed: the message becomes a dead letter at once
├── TransientError      a retry may succeed: the message returns to its queue
│   ├── UnknownOutcomeError   retried after the write grace: an unanswered write may still land
│   └── NoTimeError           retried at once: the batch had too little time left
└── ConflictError       another writer came first: read again and start over

An error's class decides what happens to its message; no handler parses an error's text.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message became a dead letter: the `reason` attribute that operators filter by."""

    MALFORMED_EVENT = "malformed_event"
    BAD_KEY = "bad_key"
    FOREIGN_OBJECT = "foreign_object"
    ARCHIVED = "archived"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    UNSUPPORTED = "unsupported"
    CORRUPT = "corrupt"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_FRAMES = "too_many_frames"
    TOO_MANY_SCANS = "too_many_scans"
    METADATA_BOMB = "metadata_bomb"
    NOT_ENCODED = "not_encoded"
    MODERATED = "moderated"
    BAD_URL = "bad_url"
    ADDRESS_REFUSED = "address_refused"
    SOURCE_REFUSED = "source_refused"
    PATH_TAKEN = "path_taken"
    PATH_REFUSED = "path_refused"


class ProblemKind(StrEnum):
    """The `type` of an error response, for programs."""

    INVALID_REQUEST = "invalid_request"
    NOT_JSON = "not_json"
    BAD_PATH = "bad_path"
    BAD_URL = "bad_url"
    PATH_TAKEN = "path_taken"
    CONFLICT = "conflict"
    TOO_MANY_BYTES = "too_many_bytes"
    UNKNOWN_SIZE = "unknown_size"
    NO_PICTURE = "no_picture"
    NOT_RENDERED = "not_rendered"
    NOT_READABLE = "not_readable"
    UNSUPPORTED_TYPE = "unsupported_type"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    WRONG_SCOPE = "wrong_scope"
    UNKNOWN_FORMAT = "unknown_format"
    BUSY = "busy"
    INTERNAL = "internal"
    NO_ROUTE = "no_route"


# SQS moved the message: the worker was stopped in each attempt, before it could send a reason.
WORKER_STOPPED = "worker_stopped"


class FanoutError(Exception):
    """Base of all errors raised on purpose; a person can read its text.

    The text always encodes as UTF-8: messages quote untrusted input, and logs, records and
    attributes carry them.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message.encode(errors="backslashreplace").decode())


class ConfigError(FanoutError):
    """A file or parameter of the deployment is wrong; the text names it and the correction."""


class RequestError(FanoutError):
    """An API request is refused with the HTTP status `status`."""

    def __init__(self, status: int, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class StepError(FanoutError):
    """A check of `verify` failed on a deployed stage; `look_at` names the place to inspect."""

    def __init__(self, message: str, look_at: str = "") -> None:
        super().__init__(message)
        self.look_at = look_at


class PermanentError(FanoutError):
    """The input can never succeed, however often it is retried."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TransientError(FanoutError):
    """A retry may succeed; `reason` is the short name of the cause, for logs and metrics."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnknownOutcomeError(TransientError):
    """A write was sent but not answered: it may still take effect."""


class NoTimeError(TransientError):
    """The batch has too little time left: the work was not started or not continued."""

    def __init__(self) -> None:
        super().__init__("no_time", "too little time left in this batch to begin")


class ConflictError(FanoutError):
    """A conditional write failed because the object or secret changed after it was read."""
