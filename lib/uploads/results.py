"""Results of an upload's files, with their reasons."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import requests

from lib.errors import FanoutError, ProblemKind
from lib.uploads.local_files import Unusable
from lib.uploads.retries import TOO_MANY_REQUESTS

# Other errors of the API and of S3 pass: the file may be accepted later.
_SERVER_ERROR = 500
_S3_CODE = re.compile(r"<Code>(\w+)</Code>")
_S3_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)


class Outcome(StrEnum):
    """Outcome of one file."""

    UPLOADED = "uploaded"
    THERE = "there_already"
    # Left out on purpose.
    SKIPPED = "skipped"
    # Not accepted: the same file would not be accepted again.
    REFUSED = "refused"
    # Not read or not sent, which may pass.
    FAILED = "failed"


@dataclass(frozen=True)
class UploadResult:
    """Result of one file; `reason` is for programs, `error` for people."""

    file: Path
    outcome: Outcome
    path: str = ""
    variants: dict[str, str] = field(default_factory=dict)
    length: int = 0
    reason: str = ""
    error: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether the photo is at its path now."""
        return self.outcome in (Outcome.UPLOADED, Outcome.THERE)

    @classmethod
    def of_unusable(cls, unusable: Unusable) -> "UploadResult":
        """Returns the result for a file or folder that was not tried."""
        outcome = Outcome.FAILED if unusable.error else Outcome.SKIPPED
        return cls(unusable.file, outcome, reason=unusable.reason, error=unusable.error)


class NotUploadedError(FanoutError):
    """Ends the upload of one file."""

    def __init__(self, outcome: Outcome, reason: str, message: str = "") -> None:
        super().__init__(message)
        self.outcome, self.reason = outcome, reason


def make_api_error(response: requests.Response, path: str) -> NotUploadedError:
    """Builds the error for a problem document of the API, or one of API Gateway."""
    try:
        problem = response.json()
        reason, detail = str(problem["type"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        reason, detail = f"http_{response.status_code}", response.text
    if reason == ProblemKind.PATH_TAKEN:
        message = f"another photo is at {path!r}: to replace it, use --overwrite"
    else:
        message = f"the API refused it ({response.status_code}): {detail}"
    return NotUploadedError(_get_outcome(response), reason, message)


def make_s3_error(response: requests.Response) -> NotUploadedError:
    """Builds the error for an XML document of S3."""
    code, message = _S3_CODE.search(response.text), _S3_MESSAGE.search(response.text)
    reason = code[1] if code else f"http_{response.status_code}"
    detail = f"{reason}: {message[1]}" if message else response.text
    return NotUploadedError(
        _get_outcome(response), reason, f"S3 refused it ({response.status_code}): {detail}"
    )


def _get_outcome(response: requests.Response) -> Outcome:
    """Returns whether a repetition is of no use."""
    passes = response.status_code == TOO_MANY_REQUESTS or response.status_code >= _SERVER_ERROR
    return Outcome.FAILED if passes else Outcome.REFUSED
