"""What every worker does with a message it cannot finish: parks it, or gives it back for later.

Photos and orders to fetch one fail in the same two ways, and the operator reads their dead
letters with the same eyes.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lib import keys
from lib.aws import sqs as queues
from lib.errors import NoTimeError, PermanentError, TransientError, UnknownOutcomeError
from lib.telemetry import Telemetry

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Delay before another try: doubles from 5 s, and never exceeds 5 minutes, so that ten receives
# span about 25 minutes: longer than S3 or KMS throttles, shorter than anybody's patience.
FIRST_DELAY, MAX_DELAY = 5, 300
# How long a message may be put into its queue anew without having been begun: as long as a queue
# keeps one that nobody receives. Then it is a dead letter, before anything loses it.
UNTRIED_LASTS = timedelta(days=4)
# Attributes of a message that was put into its queue anew.
UNTRIED_SINCE, MAY_STOP_WORKERS = "untried_since", "may_stop_workers"
# The design's bound for the error attribute of a dead letter, in percent-encoded bytes.
MAX_ERROR_BYTES = 1024


class Message(NamedTuple):
    """An SQS message as a worker sees it; `attempts` counts this receive too.

    `received_at` is the time of the first receive, None where it is not known. What was put into
    the queue anew tells since when it has been without a try, and whether it is suspected of
    stopping its worker.
    """

    id: str
    body: str
    receipt_handle: str
    attempts: int
    received_at: datetime | None = None
    untried_since: datetime | None = None
    may_stop_workers: bool = False

    @property
    def is_overdue(self) -> bool:
        """Whether it has been put into its queue anew for so long that this must end."""
        since = self.untried_since
        return since is not None and datetime.now(UTC) - since > UNTRIED_LASTS


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


def renew(
    sqs: "SQSClient", queue_url: str, message: Message, *, may_stop_workers: bool
) -> datetime:
    """Put a copy of a message into its queue, whose receives count from one again.

    For what was not begun in all of its receives: SQS would park it. TransientError if the copy is
    not sent. Acknowledge the message afterwards; a worker that dies in between leaves two, of which
    the second one's photo is current. Gives since when it has been without a try.
    """
    since = message.untried_since or datetime.now(UTC)
    attributes = {
        UNTRIED_SINCE: since.isoformat(timespec="seconds"),
        MAY_STOP_WORKERS: "true" if may_stop_workers else "",
    }
    queues.send(sqs, queue_url, message.body, attributes)
    return since


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
