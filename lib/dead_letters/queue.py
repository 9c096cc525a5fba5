"""Scan, replay and purge of one dead-letter queue."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from lib.aws import sqs as queues
from lib.aws.clients import SQSClient
from lib.dead_letters.letter import EVERYTHING, DeadLetter, DlqKind, Filter
from lib.dead_letters.scan import DlqScan
from lib.interrupts import uninterrupted
from lib.keys import Originals
from lib.pipeline.messages import REPLAYED

OnProgress = Callable[[int], None]


@dataclass
class DlqResult:
    """Numbers of letters `taken` (replayed or purged), not selected (`left`), refused by SQS.

    The latter two remain in the DLQ. If the scan ended early, `complete` is False: run again.
    """

    taken: int = 0
    left: int = 0
    refused: int = 0
    complete: bool = True


class Bounds(TypedDict, total=False):
    """Takes at most `limit` letters, `rate` a second, for `seconds`; reports each batch."""

    limit: int | None
    rate: float | None
    seconds: float | None
    on_progress: OnProgress


@dataclass(frozen=True)
class DeadLetterQueue:
    """One dead-letter queue."""

    sqs: SQSClient
    url: str
    originals: Originals
    kind: DlqKind = DlqKind.DLQ

    @contextmanager
    def scan(self, rate: float | None = None, seconds: float | None = None) -> Iterator[DlqScan]:
        """Receives each letter once; the block's end makes all that remain visible again."""
        scan = DlqScan(self.sqs, self.url, self.originals, self.kind, rate=rate, seconds=seconds)
        try:
            yield scan
        finally:
            scan.release()

    def replay(
        self,
        queue_url: str,
        letter_filter: Filter = EVERYTHING,
        **bounds: Unpack[Bounds],
    ) -> DlqResult:
        """Sends letters to a queue, marked as replayed, and deletes each one that SQS accepted.

        An interruption may leave a letter in both queues, which is harmless, but never in neither.
        """

        def take(scan: DlqScan, letters: list[DeadLetter]) -> int:
            bodies = [letter.body for letter in letters]
            accepted = queues.send_batch(self.sqs, queue_url, bodies, {REPLAYED: "true"})
            sent = [letter for letter, is_sent in zip(letters, accepted, strict=True) if is_sent]
            return len(scan.delete(sent)) if sent else 0

        return self._take(take, letter_filter, **bounds)

    def purge(
        self,
        letter_filter: Filter = EVERYTHING,
        *,
        on_deleted: Callable[[list[DeadLetter]], None] = lambda _: None,
        **bounds: Unpack[Bounds],
    ) -> DlqResult:
        """Deletes letters for good; passes those to `on_deleted`."""

        def take(scan: DlqScan, letters: list[DeadLetter]) -> int:
            # An interruption in between would leave the failure records of deleted letters.
            with uninterrupted():
                deleted = scan.delete(letters)
                on_deleted(deleted)
            return len(deleted)

        return self._take(take, letter_filter, **bounds)

    def _take(
        self,
        take: Callable[[DlqScan, list[DeadLetter]], int],
        letter_filter: Filter,
        *,
        limit: int | None = None,
        rate: float | None = None,
        seconds: float | None = None,
        on_progress: OnProgress = lambda _: None,
    ) -> DlqResult:
        result, pace = DlqResult(), _Pace(rate)
        with self.scan(rate, seconds) as scan:
            for batch in scan:
                chosen = [letter for letter in batch if letter_filter.matches(letter)]
                if limit is not None:
                    chosen = chosen[: limit - result.taken]
                result.left += len(batch) - len(chosen)
                for letters in _split(chosen, pace.batch_size):
                    pace.wait(len(letters))
                    taken = take(scan, letters)
                    result.taken += taken
                    result.refused += len(letters) - taken
                    on_progress(taken)
                if result.taken == limit:
                    return result
            result.complete = scan.complete
        return result


@dataclass
class _Pace:
    """Limits work to `rate` letters a second (None: no limit)."""

    rate: float | None
    _next: float = field(default=0.0, init=False)

    @property
    def batch_size(self) -> int:
        return queues.BATCH if self.rate is None else min(queues.BATCH, max(1, int(self.rate)))

    def wait(self, count: int) -> None:
        if self.rate is not None:
            now = time.monotonic()
            time.sleep(max(0.0, self._next - now))
            self._next = max(self._next, now) + count / self.rate


def _split(letters: list[DeadLetter], batch_size: int) -> Iterator[list[DeadLetter]]:
    """Splits letters into batches that one call of SQS accepts."""
    batch: list[DeadLetter] = []
    length = 0
    for letter in letters:
        added = len(letter.body.encode())
        if batch and (len(batch) == batch_size or length + added > queues.BATCH_BYTES):
            yield batch
            batch, length = [], 0
        batch.append(letter)
        length += added
    if batch:
        yield batch
