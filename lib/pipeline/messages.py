"""An SQS message as workers see it, and how it becomes a dead letter."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lib import keys
from lib.aws import sqs as queues
from lib.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# How long a message may be put into its queue anew without having been begun: as long as a queue
# keeps one that nobody receives. Then it is a dead letter, before anything loses it.
MAX_UNTRIED_AGE = timedelta(days=4)
# Attributes of a message that was put into its queue anew.
UNTRIED_SINCE, MAY_STOP_WORKERS = "untried_since", "may_stop_workers"
# The design's bound for the error attribute of a dead letter, in percent-encoded bytes.
MAX_ERROR_BYTES = 1024


class SqsMessage(NamedTuple):
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
        return since is not None and datetime.now(UTC) - since > MAX_UNTRIED_AGE


def send_to_dlq(
    sqs: "SQSClient",
    dlq_url: str,
    message: SqsMessage,
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


def _bounded(escaped: str) -> str:
    """At most MAX_ERROR_BYTES, and no half of a %XX at the end."""
    cut = escaped[:MAX_ERROR_BYTES]
    return cut if cut == escaped else cut[: -2 if cut[-2] == "%" else len(cut)].removesuffix("%")
