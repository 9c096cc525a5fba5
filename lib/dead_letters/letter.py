"""Dead letters: messages that failed for good, each with its reason."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote

from lib.aws.sqs import Received
from lib.errors import WORKER_STOPPED, PermanentError
from lib.fetching.jobs import parse_job
from lib.keys import Originals
from lib.pipeline.events import ObjectEvent, parse_records
from lib.pipeline.invalidations import parse_invalidation

# Number of attempts; workers write at most ten digits.
_NUMBER = re.compile(r"[0-9]{1,10}")
# Reason of a message that SNS could not deliver to the size's queue.
UNDELIVERED = "undelivered"
# Reason of a message whose CDN paths were not invalidated.
NOT_PURGED = "not_purged"


class DlqKind(StrEnum):
    """Kind of DLQ: of a size's workers, its SNS subscription, invalidations or fetch jobs."""

    DLQ = "dlq"
    SUBSCRIPTION = "subscription"
    PURGE = "purge"
    FETCH = "fetch"


@dataclass(frozen=True)
class DeadLetter:
    """Message of a DLQ; unknown fields are "" or None.

    `path` is the original's; of an invalidation, the first variant's, with its folder.
    """

    body: str
    receipt_handle: str
    sent_at: datetime
    reason: str
    error: str = ""
    path: str = ""
    size: str = ""
    attempts: int | None = None
    failed_at: datetime | None = None


class Filter(NamedTuple):
    """Selects letters by reason, by the prefix of their path, and by paths (None: any)."""

    reason: str | None = None
    prefix: str = ""
    paths: frozenset[str] | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Returns whether the filter selects the letter."""
        return (
            self.reason in (None, letter.reason)
            and letter.path.startswith(self.prefix)
            and (self.paths is None or letter.path in self.paths)
        )


EVERYTHING = Filter()


def parse_dead_letter(message: Received, kind: DlqKind, originals: Originals) -> DeadLetter:
    """Parses a message that a worker, SQS or SNS has sent to a DLQ."""
    body = message.body
    if kind is DlqKind.SUBSCRIPTION:
        error = message.attributes.get("ErrorMessage", "")
        return _without_attributes(message, UNDELIVERED, _event_path(body, originals), error)
    # Attributes of a message that SQS has moved are those of an earlier failure.
    if message.moved_from or "reason" not in message.attributes:
        if kind is DlqKind.PURGE:
            return _without_attributes(message, NOT_PURGED, _invalidation_path(body))
        path = _job_path(body) if kind is DlqKind.FETCH else _event_path(body, originals)
        return _without_attributes(message, WORKER_STOPPED, path)
    return _with_attributes(message)


def _without_attributes(message: Received, reason: str, path: str, error: str = "") -> DeadLetter:
    return DeadLetter(
        message.body, message.receipt_handle, message.sent_at, reason, error=error, path=path
    )


def _with_attributes(message: Received) -> DeadLetter:
    attributes = message.attributes
    attempts = attributes.get("attempts", "")
    return DeadLetter(
        message.body,
        message.receipt_handle,
        message.sent_at,
        attributes["reason"],
        error=unquote(attributes.get("error", "")),
        path=unquote(attributes.get("path", "")),
        size=attributes.get("size", ""),
        attempts=int(attempts) if _NUMBER.fullmatch(attempts) else None,
        failed_at=_parse_time(attributes.get("failed_at", "")),
    )


def _parse_time(text: str) -> datetime | None:
    """Returns None for an invalid time; assumes UTC if there is no offset."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _event_path(body: str, originals: Originals) -> str:
    try:
        first = next(iter(parse_records(body)), None)
    except PermanentError:
        return ""
    return originals.path(first.key) if isinstance(first, ObjectEvent) else ""


def _invalidation_path(body: str) -> str:
    invalidation = parse_invalidation(body)
    return unquote(invalidation.paths[0].removeprefix("/")) if invalidation else ""


def _job_path(body: str) -> str:
    try:
        return parse_job(body).path
    except PermanentError:
        return ""
