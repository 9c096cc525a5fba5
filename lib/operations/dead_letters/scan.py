"""A walk through a dead-letter queue: each letter once, and what is left is visible at the end.

SQS has no look-up and no list: whoever wants to see a message must receive it, which hides it
from everybody else. So a walk hides each letter for as long as it may take, and makes what was
not deleted visible again as soon as it ends.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

from lib.aws import sqs as queues
from lib.operations.dead_letters.letter import DeadLetter, DlqKind, parse_dead_letter
from lib.operations.interrupts import uninterrupted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Letters a second that a walk sees at least: ten for three requests from another continent.
SLOWEST_SCAN = 20
# Seconds that letters are hidden: no less, because the count that a longer time is derived from
# may be a minute old; SQS takes no more than twelve hours.
MIN_HIDDEN, MAX_HIDDEN = 300, 12 * 60 * 60
# SQS gives out no more of a queue while 120,000 are in hand, in ours and in other people's.
MAX_IN_HAND = 100_000
# Seconds without a letter after which the queue is empty: all of SQS's servers were asked.
EMPTY_AFTER = 1


class DlqScan:
    """Iterates over batches of letters; those that come meanwhile are left out."""

    def __init__(
        self, sqs: "SQSClient", url: str, kind: DlqKind = DlqKind.DLQ, rate: float | None = None
    ) -> None:
        """`rate` is how many letters a second are going to be taken, if that slows the walk."""
        self._sqs, self._url, self._kind = sqs, url, kind
        self.depth = queues.get_depth(sqs, url)
        # SQS tells its time in whole seconds.
        self._latest = self.depth.as_of + timedelta(seconds=1)
        expected = max(self.depth.visible, queues.BATCH) / min(rate or SLOWEST_SCAN, SLOWEST_SCAN)
        self._hidden = min(MAX_HIDDEN, max(MIN_HIDDEN, int(2 * expected)))
        self._started = time.monotonic()
        self._in_hand: set[str] = set()
        # Handles of what was passed over, a batch an entry: SQS's have 400 characters each.
        self._passed: list[str] = []
        self._count = 0
        # False where the walk had to end before the queue did.
        self.complete = True

    def __iter__(self) -> Iterator[list[DeadLetter]]:
        while self._has_room():
            # Stopped here, letters would be hidden that nobody knows of.
            with uninterrupted():
                received = queues.receive(
                    self._sqs, self._url, hidden_seconds=self._hidden, wait_seconds=EMPTY_AFTER
                )
                self._in_hand = {message.receipt_handle for message in received}
            if not received:
                return
            # What was replayed, and failed again, would come round for ever.
            yield [parse_dead_letter(m, self._kind) for m in received if m.sent_at <= self._latest]
            self._pass_over()
        self.complete = False

    def delete(self, letters: list[DeadLetter]) -> list[DeadLetter]:
        """Delete letters of the batch in hand; those that are gone."""
        handles = [letter.receipt_handle for letter in letters]
        answers = queues.delete_batch(self._sqs, self._url, handles)
        gone = [letter for letter, is_gone in zip(letters, answers, strict=True) if is_gone]
        self._in_hand.difference_update(letter.receipt_handle for letter in gone)
        return gone

    def release(self) -> None:
        """Make everything visible that was not deleted; a refused batch keeps no other hidden."""
        # ExitStack goes on after an exception, and raises it at its end.
        with uninterrupted(), ExitStack() as batches:
            self._pass_over()
            while self._passed:
                batches.callback(self._show, self._passed.pop())

    def _show(self, handles: str) -> None:
        queues.release_batch(self._sqs, self._url, handles.split(" "))

    def _has_room(self) -> bool:
        """Until the first letters could be seen a second time, or SQS gives out no more."""
        in_time = time.monotonic() - self._started < self._hidden / 2
        return in_time and self._count < MAX_IN_HAND

    def _pass_over(self) -> None:
        if self._in_hand:
            self._passed.append(" ".join(self._in_hand))
            self._count += len(self._in_hand)
            self._in_hand = set()
