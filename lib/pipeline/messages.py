"""SQS messages, and how they become dead letters."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from lib import keys
from lib.aws import sqs as queues
from lib.aws.clients import SQSClient
from lib.errors import PermanentError, TransientError
from lib.times import format_time

# How long an untried message may be renewed: as long as a queue retains one. Then it becomes a dead
# letter, so that retention cannot delete it.
MAX_UNTRIED_AGE = timedelta(days=4)
# Attributes of a renewed message: a copy that the worker sent to the same queue.
UNTRIED_SINCE, MAY_STOP_WORKERS = "untried_since", "may_stop_workers"
# Attribute of a replayed dead letter. SQS's own redrive keeps the letter's attributes, REASON too.
REPLAYED, REASON = "replayed", "reason"
# The limit of a dead letter's error attribute, in percent-encoded bytes: SQS bounds the message.
MAX_ERROR_BYTES = 1024


class SqsMessage(NamedTuple):
    """An SQS message; `attempts` counts its receives, this one included.

    `received_at` is the time of the first receive, None if unknown. A renewed message has
    `untried_since`, and `may_stop_workers` if it may have stopped a worker. `was_dead_letter` is
    whether it returned from a dead-letter queue.
    """

    id: str
    body: str
    receipt_handle: str
    attempts: int
    received_at: datetime | None = None
    untried_since: datetime | None = None
    may_stop_workers: bool = False
    was_dead_letter: bool = False

    @property
    def is_first_delivery(self) -> bool:
        """Whether no worker has received the message before, under this or another message id."""
        return self.attempts == 1 and self.untried_since is None and not self.was_dead_letter

    @property
    def is_overdue(self) -> bool:
        """Whether the message has been renewed for longer than MAX_UNTRIED_AGE."""
        since = self.untried_since
        return since is not None and datetime.now(UTC) - since > MAX_UNTRIED_AGE


def send_to_dlq(
    sqs: SQSClient,
    dlq_url: str,
    message: SqsMessage,
    path: str,
    error: PermanentError | TransientError,
    *,
    size: str = "",
) -> None:
    """Sends a message to a dead-letter queue with its reason; raises TransientError if not sent.

    Omits an empty path or size.
    """
    # SQS delivers no body that cannot be encoded, but emulators may.
    body = message.body.encode(errors="backslashreplace").decode()
    attributes = {
        REASON: error.reason,
        "error": _truncate(keys.escaped(str(error))),
        "size": size,
        "path": keys.escaped(path),
        "failed_at": format_time(datetime.now(UTC)),
        "attempts": str(message.attempts),
    }
    queues.send(sqs, dlq_url, body, attributes)


def _truncate(escaped: str) -> str:
    """Cuts a text to MAX_ERROR_BYTES, and not within a %XX."""
    cut = escaped[:MAX_ERROR_BYTES]
    return cut if cut == escaped else cut[: -2 if cut[-2] == "%" else len(cut)].removesuffix("%")
