"""Check messages: they ask a size's workers to look at a path, as an event of S3 does.

They go straight to the size's own queue, never through the topic: the other sizes have nothing
to do with it. What is current already costs a worker two requests and changes nothing.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lib import keys
from lib.aws import sqs as queues
from lib.errors import TransientError
from lib.pipeline.events import build_event

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Seconds between the tries of what SQS did not take: it is throttled for moments, not minutes.
_DELAYS = (0.5, 1, 2, 4)


@dataclass(frozen=True)
class DelayedRecheckQueue:
    """The queue of one size, whose workers are to look at a path after `delay` seconds."""

    sqs: "SQSClient"
    url: str
    originals_bucket: str
    delay: int

    def send(self, path: str, *, now: bool = False) -> None:
        """Send a message for this path, to be received after the delay or `now`.

        Raises TransientError where SQS does not take it.
        """
        body = build_event(self.originals_bucket, keys.original_key(path))
        queues.send(self.sqs, self.url, body, {}, delay=0 if now else self.delay)


@dataclass(frozen=True)
class RecheckQueue:
    """The queue of one size."""

    sqs: "SQSClient"
    url: str
    originals_bucket: str

    def send_all(self, paths: Iterable[str]) -> Iterator[list[str]]:
        """Send a message for each path, ten at a time; gives each ten once SQS has taken them.

        Raises TransientError where SQS does not take them after some tries.
        """
        remaining = iter(paths)
        while batch := list(islice(remaining, queues.BATCH)):
            self._send([build_event(self.originals_bucket, keys.original_key(p)) for p in batch])
            yield batch

    def _send(self, bodies: list[str]) -> None:
        left = bodies
        for delay in (*_DELAYS, None):
            taken = queues.send_batch(self.sqs, self.url, left)
            left = [body for body, is_taken in zip(left, taken, strict=True) if not is_taken]
            if not left:
                return
            if delay is not None:
                time.sleep(delay)
        raise TransientError(
            "not_taken",
            f"SQS did not take {len(left)} messages in {len(_DELAYS) + 1} tries: run it again, "
            "what was asked for already does no harm",
        )
