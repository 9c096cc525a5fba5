"""Every error this project raises on purpose, in one tree.

FanoutError
├── ConfigError         what a deployer wrote is wrong: sizes.yml, a parameter, the environment
├── RequestError        what a caller of the API asked for cannot be given
├── StepError           a deployed stage did not do what `verify` asked of it
├── PermanentError      this input can never succeed: parked at once as a dead letter
├── TransientError      another try may succeed: the message goes back to its queue
│   ├── UnknownOutcomeError   after a while: a write that was not answered may still land
│   └── NoTimeError           at once: the batch's time was nearly used up
└── ConflictError       somebody else wrote first: read again and start over

Which branch an error belongs to decides what happens to a message, so nothing
that handles one has to read an error's text.
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
    """What was wrong with a request to the API: the `type` of the answer, for programs."""

    INVALID_REQUEST = "invalid_request"
    NOT_JSON = "not_json"
    BAD_PATH = "bad_path"
    BAD_URL = "bad_url"
    PATH_TAKEN = "path_taken"
    TOO_MANY_BYTES = "too_many_bytes"
    UNKNOWN_SIZE = "unknown_size"
    NO_PICTURE = "no_picture"
    NOT_RENDERED = "not_rendered"
    NOT_READABLE = "not_readable"
    UNSUPPORTED_TYPE = "unsupported_type"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    UNKNOWN_FORMAT = "unknown_format"
    BUSY = "busy"
    INTERNAL = "internal"
    NO_ROUTE = "no_route"


# Nobody could say why: the worker was stopped each time, and SQS moved the message by itself.
WORKER_STOPPED = "worker_stopped"


class FanoutError(Exception):
    """Base of all errors raised on purpose; its text is meant to be read by a person.

    The text can always be encoded: logs, records and attributes quote what a stranger wrote.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message.encode(errors="backslashreplace").decode())


class ConfigError(FanoutError):
    """A file or parameter of the deployment is wrong; the text says where and what to write."""


class RequestError(FanoutError):
    """A caller of the API asked for something that it cannot have.

    `status` is the HTTP status.
    """

    def __init__(self, status: int, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class StepError(FanoutError):
    """A deployed stage did not do what `verify` asked of it; `look_at` says where to look."""

    def __init__(self, message: str, look_at: str = "") -> None:
        super().__init__(message)
        self.look_at = look_at


class PermanentError(FanoutError):
    """The input can never succeed, however often it is tried."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TransientError(FanoutError):
    """A later try may succeed; `reason` is the short name of the cause, for logs and metrics."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnknownOutcomeError(TransientError):
    """A write was sent, and its answer never came: it may still be carried out."""


class NoTimeError(TransientError):
    """The batch's time is nearly used up: the work was not begun, or not gone on with."""

    def __init__(self) -> None:
        super().__init__("no_time", "too little time left in this batch to begin")


class ConflictError(FanoutError):
    """A conditional write found another state than the one it was based on."""
