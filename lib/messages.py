"""What every worker does with a message it cannot finish: parks it, or gives it back for later.

Photos and orders to fetch one fail in the same two ways, and the operator reads their dead
letters with the same eyes.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from lib import keys
from lib.aws import sqs as queues
from lib.errors import PermanentError, TransientError, UnknownOutcomeError
from lib.telemetry import Telemetry

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Delay before another try: doubles from 5 s, and never exceeds 5 minutes, so that ten receives
# span about 25 minutes: longer than S3 or KMS throttles, shorter than anybody's patience.
FIRST_DELAY, MAX_DELAY = 5, 300
# The design's bound for the error attribute of a dead letter, in percent-encoded bytes.
MAX_ERROR_BYTES = 1024

SecondsLeft = Callable[[], float]


class Message(NamedTuple):
    """An SQS message as a worker sees it; `attempts` counts this receive too."""

    id: str
    body: str
    receipt_handle: str
    attempts: int


class NoTimeError(TransientError):
    """The batch's time is nearly used up; the message was not begun and can be taken at once."""

    def __init__(self) -> None:
        super().__init__("no_time", "too little time left in this batch to begin")


def park(
    sqs: "SQSClient",
    dlq_url: str,
    message: Message,
    path: str,
    error: PermanentError | TransientError,
    *,
    size: str = "",
) -> None:
    """Send a message to a dead-letter queue with what is known of why; TransientError if not sent.

    What is "" is left out: not every message names a path, nor belongs to a size.
    """
    # SQS itself delivers no body that cannot be encoded; whatever else does keeps its letter.
    body = message.body.encode(errors="backslashreplace").decode()
    attributes = {
        "reason": error.reason,
        "error": _bounded(keys.escaped(str(error))),
        "size": size,
        "path": keys.escaped(path),
        "failed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "attempts": str(message.attempts),
    }
    queues.send(sqs, dlq_url, body, attributes)


def give_back(
    sqs: "SQSClient",
    queue_url: str,
    message: Message,
    path: str,
    error: PermanentError | TransientError,
    *,
    landing: int,
    telemetry: Telemetry,
) -> None:
    """Have a message come again after a delay that fits what stopped it; `landing` in seconds.

    A delay that SQS does not take stops nothing: the message waits out its visibility timeout.
    """
    delay = _delay(error, message.attempts, landing)
    telemetry.returned(message.id, path, error.reason, str(error), delay)
    try:
        queues.return_after(sqs, queue_url, message.receipt_handle, delay)
    except TransientError as refusal:
        telemetry.not_done("delay", refusal)


def _delay(error: Exception, attempts: int, landing: int) -> int:
    """Seconds until the next try: exponential, with jitter so that a burst spreads out."""
    if isinstance(error, NoTimeError):
        return 0
    if isinstance(error, UnknownOutcomeError):
        # Once it has landed, the next try sees it, and mends what it has done.
        return landing
    longest = min(MAX_DELAY, FIRST_DELAY * 2 ** (attempts - 1))
    return random.randint(longest // 2, longest)  # noqa: S311  spreads load, guards nothing


def _bounded(escaped: str) -> str:
    """At most MAX_ERROR_BYTES, and no half of a %XX at the end."""
    cut = escaped[:MAX_ERROR_BYTES]
    return cut if cut == escaped else cut[: -2 if cut[-2] == "%" else len(cut)].removesuffix("%")
