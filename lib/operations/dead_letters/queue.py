"""The letters of one dead-letter queue: walked through, replayed, purged."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lib.aws import sqs as queues
from lib.operations.dead_letters.letter import EVERYTHING, DeadLetter, DlqKind, Filter
from lib.operations.dead_letters.scan import DlqScan
from lib.operations.interrupts import uninterrupted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

OnProgress = Callable[[int], None]


@dataclass
class DlqResult:
    """How many letters were replayed or purged, not meant, or meant and refused by SQS.

    The latter two are still in the dead-letter queue. `complete` is False where the walk had to
    end before the queue did: run again.
    """

    taken: int = 0
    left: int = 0
    refused: int = 0
    complete: bool = True


def ignore_progress(_count: int) -> None:
    """For callers that want to hear of the end only."""


@dataclass(frozen=True)
class DeadLetterQueue:
    """The letters of one dead-letter queue."""

    sqs: "SQSClient"
    url: str
    kind: DlqKind = DlqKind.DLQ

    @contextmanager
    def scan(self, rate: float | None = None) -> Iterator[DlqScan]:
        """See each letter once; however the block ends, those not deleted are visible again."""
        walk = DlqScan(self.sqs, self.url, self.kind, rate)
        try:
            yield walk
        finally:
            walk.release()

    def replay(
        self,
        queue_url: str,
        wanted: Filter = EVERYTHING,
        *,
        limit: int | None = None,
        rate: float | None = None,
        tell: OnProgress = ignore_progress,
    ) -> DlqResult:
        """Send letters to a queue, as they first came, and delete each that the queue has taken.

        Stopped at any moment, a letter may be in both queues, which is harmless, and is never in
        none. Takes at most `limit` letters, `rate` a second; `tell` hears of each few.
        """

        def take(walk: DlqScan, letters: list[DeadLetter]) -> int:
            taken = queues.send_batch(self.sqs, queue_url, [letter.body for letter in letters])
            ready = [letter for letter, is_taken in zip(letters, taken, strict=True) if is_taken]
            return len(walk.delete(ready)) if ready else 0

        return self._take(take, wanted, limit, rate, tell)

    def purge(
        self,
        wanted: Filter = EVERYTHING,
        *,
        limit: int | None = None,
        rate: float | None = None,
        tell: OnProgress = ignore_progress,
        forget: Callable[[list[DeadLetter]], None] = lambda _: None,
    ) -> DlqResult:
        """Delete letters for good; `forget` gets those that are gone. Else as `replay`."""

        def take(walk: DlqScan, letters: list[DeadLetter]) -> int:
            # Stopped in between, status would go on telling of letters that are no more.
            with uninterrupted():
                gone = walk.delete(letters)
                forget(gone)
            return len(gone)

        return self._take(take, wanted, limit, rate, tell)

    def _take(
        self,
        take: Callable[[DlqScan, list[DeadLetter]], int],
        wanted: Filter,
        limit: int | None,
        rate: float | None,
        tell: OnProgress,
    ) -> DlqResult:
        tally, pace = DlqResult(), _Pace(rate)
        with self.scan(rate) as walk:
            for batch in walk:
                chosen = [letter for letter in batch if wanted.matches(letter)]
                if limit is not None:
                    chosen = chosen[: limit - tally.taken]
                tally.left += len(batch) - len(chosen)
                for some in _portions(chosen, pace.at_once):
                    pace.wait(len(some))
                    gone = take(walk, some)
                    tally.taken += gone
                    tally.refused += len(some) - gone
                    tell(gone)
                if tally.taken == limit:
                    return tally
            tally.complete = walk.complete
        return tally


@dataclass
class _Pace:
    """Holds back so that no second sees more than `rate` letters (None: all that can be)."""

    rate: float | None
    _next: float = field(default=0.0, init=False)

    @property
    def at_once(self) -> int:
        """How many letters may be taken together."""
        return queues.BATCH if self.rate is None else min(queues.BATCH, max(1, int(self.rate)))

    def wait(self, count: int) -> None:
        """Wait until so many more may be taken."""
        if self.rate is not None:
            now = time.monotonic()
            time.sleep(max(0.0, self._next - now))
            self._next = max(self._next, now) + count / self.rate


def _portions(letters: list[DeadLetter], most: int) -> Iterator[list[DeadLetter]]:
    """Parts that one call of SQS takes, with at most so many letters each."""
    part: list[DeadLetter] = []
    length = 0
    for letter in letters:
        added = len(letter.body.encode())
        if part and (len(part) == most or length + added > queues.BATCH_BYTES):
            yield part
            part, length = [], 0
        part.append(letter)
        length += added
    if part:
        yield part
