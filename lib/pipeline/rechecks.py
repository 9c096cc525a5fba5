"""Rechecks: synthetic S3 events that make one size's workers reconcile a path.

They bypass the topic, so that other sizes do no work. A recheck of a current variant costs two
requests and changes nothing.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from lib.aws import sqs as queues
from lib.aws.clients import SQSClient
from lib.errors import TransientError
from lib.keys import Originals
from lib.pipeline.events import build_event
from lib.plurals import pluralize

# Seconds before each retry of rejected messages: SQS throttles for moments, not minutes.
_RETRY_DELAYS = (0.5, 1, 2, 4)


@dataclass(frozen=True)
class RecheckQueue:
    """Sends rechecks to one size's queue, single ones delayed by `delay` seconds."""

    sqs: SQSClient
    url: str
    originals: Originals
    delay: int = 0

    def send(self, path: str, *, now: bool = False) -> None:
        """Sends a recheck of a path, delayed unless `now`; raises TransientError if not sent."""
        queues.send(self.sqs, self.url, self._build(path), {}, delay=0 if now else self.delay)

    def send_all(self, paths: Iterable[str]) -> Iterator[list[str]]:
        """Sends a recheck of each path, ten at a time; yields each ten when they are sent.

        Raises TransientError if SQS still rejects some after retries.
        """
        remaining = iter(paths)
        while batch := list(islice(remaining, queues.BATCH)):
            self._send([self._build(path) for path in batch])
            yield batch

    def _build(self, path: str) -> str:
        return build_event(self.originals.bucket, self.originals.key(path))

    def _send(self, bodies: list[str]) -> None:
        unsent = bodies
        for delay in (*_RETRY_DELAYS, None):
            results = queues.send_batch(self.sqs, self.url, unsent)
            unsent = [body for body, is_sent in zip(unsent, results, strict=True) if not is_sent]
            if not unsent:
                return
            if delay is not None:
                time.sleep(delay)
        messages = pluralize(len(unsent), "message")
        raise TransientError(
            "not_taken",
            f"SQS did not take {messages} in {len(_RETRY_DELAYS) + 1} tries: run it again, "
            "repeated messages do no harm",
        )
