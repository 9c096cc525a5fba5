"""A dead letter: the message that was given up on, and what is known of why."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote

from lib import keys
from lib.aws.sqs import Received
from lib.errors import WORKER_STOPPED, PermanentError
from lib.fetching.jobs import parse_job
from lib.pipeline.events import parse_message
from lib.pipeline.invalidations import parse_invalidation

# How often a message was tried; more digits than ten are nothing that a worker wrote.
_NUMBER = re.compile(r"[0-9]{1,10}")
# SNS could not deliver it to the size's queue.
UNDELIVERED = "undelivered"
# CloudFront could not be told of the changed variants that it names.
NOT_PURGED = "not_purged"


class DlqKind(StrEnum):
    """What a dead-letter queue collects: what workers, SNS, or another function gave up on."""

    DLQ = "dlq"
    SUBSCRIPTION = "subscription"
    PURGE = "purge"
    FETCH = "fetch"


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up on, and why; what is not known is "" or None.

    `path` is the original's; of a letter about a purge, the first variant's with its folder.
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
    """Which letters are meant: all of them, those of one reason, those whose path begins so."""

    reason: str | None = None
    prefix: str = ""

    def matches(self, letter: DeadLetter) -> bool:
        """Whether the letter is meant."""
        return self.reason in (None, letter.reason) and letter.path.startswith(self.prefix)


EVERYTHING = Filter()


def parse_dead_letter(message: Received, kind: DlqKind) -> DeadLetter:
    """What a message of a dead-letter queue says, whoever has put it there."""
    if kind is DlqKind.SUBSCRIPTION:
        error = message.attributes.get("ErrorMessage", "")
        return _said_by_us(message, UNDELIVERED, _path(message.body), error)
    # What SQS has moved may carry a worker's attributes, but those are of an earlier life.
    if message.moved_from or "reason" not in message.attributes:
        if kind is DlqKind.PURGE:
            return _said_by_us(message, NOT_PURGED, _purged_path(message.body))
        path = _ordered_path if kind is DlqKind.FETCH else _path
        return _said_by_us(message, WORKER_STOPPED, path(message.body))
    return _said_by_worker(message)


def _said_by_us(message: Received, reason: str, path: str, error: str = "") -> DeadLetter:
    return DeadLetter(
        message.body, message.receipt_handle, message.sent_at, reason, error=error, path=path
    )


def _said_by_worker(message: Received) -> DeadLetter:
    said = message.attributes
    attempts = said.get("attempts", "")
    return DeadLetter(
        message.body,
        message.receipt_handle,
        message.sent_at,
        said["reason"],
        error=unquote(said.get("error", "")),
        path=unquote(said.get("path", "")),
        size=said.get("size", ""),
        attempts=int(attempts) if _NUMBER.fullmatch(attempts) else None,
        failed_at=_time(said.get("failed_at", "")),
    )


def _time(text: str) -> datetime | None:
    """None where anybody but a worker has written it; UTC where it does not say."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _path(body: str) -> str:
    try:
        events = parse_message(body)
    except PermanentError:
        return ""
    return events[0].key.removeprefix(keys.ORIGINALS) if events else ""


def _purged_path(body: str) -> str:
    intention = parse_invalidation(body)
    return unquote(intention.paths[0].removeprefix("/")) if intention else ""


def _ordered_path(body: str) -> str:
    try:
        return parse_job(body).path
    except PermanentError:
        return ""
