"""Scan of a dead-letter queue that receives each letter once and hides none afterwards.

SQS cannot list messages: to read one, a client must receive it, which hides it from others. A
scan hides each letter for as long as it may run, and at its end makes those that were not deleted
visible again.
"""

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

from lib.aws import sqs as queues
from lib.aws.clients import SQSClient
from lib.dead_letters.letter import DeadLetter, DlqKind, parse_dead_letter
from lib.interrupts import uninterrupted
from lib.keys import Originals

# Letters a second, at least: a batch of ten takes three requests, here across an ocean.
MIN_RATE = 20
# Visibility timeout in seconds. The minimum allows for a count of letters that is a minute old;
# the maximum is SQS's.
MIN_HIDDEN, MAX_HIDDEN = 300, 12 * 60 * 60
# SQS allows 120,000 messages of a queue in flight, those of other clients included.
MAX_IN_FLIGHT = 100_000
# Seconds of long polling without a letter after which the queue is empty.
EMPTY_AFTER = 1


class DlqScan:
    """Iterates over batches of letters, without those sent after the scan began."""

    def __init__(
        self,
        sqs: SQSClient,
        url: str,
        originals: Originals,
        kind: DlqKind = DlqKind.DLQ,
        *,
        rate: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Reads the number of letters; `rate` is how many a second the caller takes.

        With `seconds`, the scan ends after them, and hides the letters little longer.
        """
        self._sqs, self._url, self._originals, self._kind = sqs, url, originals, kind
        self.depth = queues.get_depth(sqs, url)
        # The response's date has whole seconds.
        self._latest = self.depth.as_of + timedelta(seconds=1)
        expected = max(self.depth.visible, queues.BATCH) / min(rate or MIN_RATE, MIN_RATE)
        self._hidden = min(MAX_HIDDEN, max(MIN_HIDDEN, int(2 * expected)))
        if seconds is not None:
            self._hidden = min(self._hidden, math.ceil(2 * seconds))
        self._started = time.monotonic()
        self._received: set[str] = set()
        # Receipt handles to release, one joined string per batch: less memory than one per handle.
        self._to_release: list[str] = []
        self._count = 0
        # False if the scan ended before the queue was empty.
        self.complete = True

    def __iter__(self) -> Iterator[list[DeadLetter]]:
        while self._may_continue():
            # An interruption here would leave letters hidden whose handles are lost.
            with uninterrupted():
                received = queues.receive(
                    self._sqs, self._url, hidden_seconds=self._hidden, wait_seconds=EMPTY_AFTER
                )
                self._received = {message.receipt_handle for message in received}
            if not received:
                return
            # A replayed letter that failed again must not be replayed endlessly.
            yield [
                parse_dead_letter(message, self._kind, self._originals)
                for message in received
                if message.sent_at <= self._latest
            ]
            self._mark_for_release()
        self.complete = False

    def delete(self, letters: list[DeadLetter]) -> list[DeadLetter]:
        """Deletes letters of the current batch; returns those that SQS deleted."""
        handles = [letter.receipt_handle for letter in letters]
        results = queues.delete_batch(self._sqs, self._url, handles)
        deleted = [letter for letter, is_done in zip(letters, results, strict=True) if is_done]
        self._received.difference_update(letter.receipt_handle for letter in deleted)
        return deleted

    def release(self) -> None:
        """Makes letters visible that were not deleted; an error in one batch stops no other."""
        # ExitStack calls every callback, and raises the exception afterwards.
        with uninterrupted(), ExitStack() as batches:
            self._mark_for_release()
            while self._to_release:
                handles = self._to_release.pop().split(" ")
                batches.callback(queues.release_batch, self._sqs, self._url, handles)

    def _may_continue(self) -> bool:
        """Returns False before the first letters reappear or SQS's limit is reached."""
        in_time = time.monotonic() - self._started < self._hidden / 2
        return in_time and self._count < MAX_IN_FLIGHT

    def _mark_for_release(self) -> None:
        if self._received:
            self._to_release.append(" ".join(self._received))
            self._count += len(self._received)
            self._received = set()
