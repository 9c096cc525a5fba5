"""Lists, replays and purges the dead letters of all queues within the time of one API request."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice, zip_longest
from typing import Annotated

from pydantic import BaseModel, Field

from lib.aws import sqs as queues
from lib.aws.clients import S3Client, SQSClient
from lib.concurrency import map_concurrently
from lib.dead_letters.letter import DeadLetter, DlqKind, Filter
from lib.dead_letters.queue import DeadLetterQueue, DlqResult
from lib.dead_letters.records import RecordCleaner
from lib.dead_letters.sources import SHARED, ReplaySource, get_dlq_name
from lib.errors import ProblemKind, RequestError
from lib.keys import MAX_KEY_BYTES, Originals
from lib.sizes.declared import require_declared
from lib.times import Timestamp

# Seconds in which queues are scanned: API Gateway stops waiting after 30, and letters that remain
# are made visible after the scan.
MAX_SECONDS = 10.0
# Letters of a list: with a path of 1 KB and an error of 1 KB each they fit into Lambda's 6 MB.
MAX_LETTERS = 500
MAX_PATHS = 100
# An empty queue is waited for: the two DLQs of each of thirty sizes are scanned in five seconds.
MAX_WORKERS = 16
# CloudFormation's limit on resources allows fewer sizes.
_MAX_SIZES = 100

Text = Annotated[str, Field(min_length=1, max_length=MAX_KEY_BYTES)]


class Letter(BaseModel):
    """A dead letter; `size` is None in a queue of no size, unknown fields are None or ""."""

    queue: DlqKind
    size: str | None
    path: str
    reason: str
    error: str
    attempts: int | None
    failed_at: Timestamp | None
    sent_at: Timestamp


class QueueState(BaseModel):
    """A DLQ of a size, or of no size (`size` None), and the queue that its letters return to.

    `waiting` and `in_progress` are the messages there, as SQS estimates them. `letters` counts the
    dead ones, by reason in `reasons`; `hidden` are those that somebody else is reading. If there
    were too many to count in time, `complete` is False, and `letters` is SQS's estimate.
    """

    queue: DlqKind
    size: str | None
    waiting: int
    in_progress: int
    letters: int
    hidden: int
    reasons: dict[str, int]
    oldest: Timestamp | None
    complete: bool


class DeadLetterList(BaseModel):
    """All queues of the stage, and the first letters, as many of each queue as fit."""

    queues: list[QueueState]
    letters: list[Letter]


class Selection(BaseModel, extra="forbid"):
    """The letters to replay or purge: of these sizes (all, if there are none) in this `queue`.

    Without `queue`, those of the sizes' workers, or of fetch jobs if there are no `sizes`. Of
    these, those with the reason and a path among `paths`; without both, all.
    """

    queue: DlqKind | None = None
    sizes: list[Text] | None = Field(None, min_length=1, max_length=_MAX_SIZES)
    reason: Text | None = None
    paths: list[Text] | None = Field(None, max_length=MAX_PATHS)

    @property
    def kind(self) -> DlqKind:
        """The kind of the queues."""
        return self.queue or (DlqKind.FETCH if self.sizes is None else DlqKind.DLQ)

    @property
    def filter(self) -> Filter:
        """The filter of each queue's letters."""
        return Filter(self.reason, paths=None if self.paths is None else frozenset(self.paths))


class Taken(BaseModel):
    """Number of letters that were replayed or purged, and of those that SQS refused.

    If the time did not suffice, `complete` is False: send the request again.
    """

    taken: int
    refused: int
    complete: bool


@dataclass
class _Scanned:
    state: QueueState
    letters: list[Letter] = field(default_factory=list)


@dataclass(frozen=True)
class DeadLetterOperations:
    """The dead letters of one stage; its queues' names begin with `prefix`.

    `invalidates` is whether the stage has a queue of invalidations.
    """

    sqs: SQSClient
    prefix: str
    sizes: Sequence[str]
    originals: Originals
    invalidates: bool

    def list_all(self) -> DeadLetterList:
        """Returns the state of all queues, with their first letters."""
        kinds = [kind for kind in DlqKind if kind is not DlqKind.PURGE or self.invalidates]
        deadline = time.monotonic() + MAX_SECONDS

        def scan(source: ReplaySource) -> _Scanned:
            return _scan(source, deadline - time.monotonic())

        sources = [source for kind in kinds for source in self._find_sources(kind)]
        scanned = list(map_concurrently(sources, scan, max_workers=MAX_WORKERS))
        # One of each queue in turn: a queue with many does not hide those of others.
        turns = chain.from_iterable(zip_longest(*(each.letters for each in scanned)))
        letters = islice((letter for letter in turns if letter is not None), MAX_LETTERS)
        return DeadLetterList(queues=[each.state for each in scanned], letters=list(letters))

    def replay(self, selection: Selection) -> Taken:
        """Moves the letters to their queues; RequestError for an unknown size."""

        def take(source: ReplaySource, seconds: float) -> DlqResult:
            return source.dlq.replay(source.queue_url, selection.filter, seconds=seconds)

        return self._take(selection, take)

    def purge(self, selection: Selection, s3: S3Client, failures_bucket: str) -> Taken:
        """Deletes the letters and their failure records; RequestError for an unknown size."""

        def take(source: ReplaySource, seconds: float) -> DlqResult:
            kind = source.dlq.kind
            records = RecordCleaner(s3, failures_bucket, source.name, kind, self.originals)
            return source.dlq.purge(selection.filter, seconds=seconds, on_deleted=records.clear)

        return self._take(selection, take)

    def _take(
        self, selection: Selection, take: Callable[[ReplaySource, float], DlqResult]
    ) -> Taken:
        if selection.paths == []:  # so a client learns whether its token may do this
            return Taken(taken=0, refused=0, complete=True)
        self._check_queue(selection)
        sources = self._find_sources(selection.kind, selection.sizes)
        deadline = time.monotonic() + MAX_SECONDS

        def try_one(source: ReplaySource) -> DlqResult:
            seconds = deadline - time.monotonic()
            return take(source, seconds) if seconds > 0 else DlqResult(complete=False)

        results = list(map_concurrently(sources, try_one, max_workers=MAX_WORKERS))
        return Taken(
            taken=sum(each.taken for each in results),
            refused=sum(each.refused for each in results),
            complete=all(each.complete for each in results),
        )

    def _check_queue(self, selection: Selection) -> None:
        """Raises RequestError for a queue that the stage lacks, or that is of no size."""
        if selection.kind in SHARED and selection.sizes is not None:
            cause = f"{selection.kind} is shared by all sizes: leave out sizes"
        elif selection.kind is DlqKind.PURGE and not self.invalidates:
            cause = "this stage invalidates nothing, and so has no queue of invalidations"
        else:
            return
        raise RequestError(422, ProblemKind.INVALID_REQUEST, f"queue: {cause}")

    def _find_sources(self, kind: DlqKind, sizes: list[str] | None = None) -> list[ReplaySource]:
        """Finds the DLQs of a kind: one for each of the sizes (None: of all), or the shared one."""
        # Two scans of one queue would hide each other's letters.
        names = self.sizes if sizes is None else require_declared(sizes, self.sizes)
        find = partial(self._find_source, kind)
        found = map_concurrently([kind] if kind in SHARED else names, find, max_workers=MAX_WORKERS)
        return list(found)

    def _find_source(self, kind: DlqKind, name: str) -> ReplaySource:
        queue = f"{self.prefix}{name}"
        url = queues.find_queue(self.sqs, get_dlq_name(queue, kind))
        dlq = DeadLetterQueue(self.sqs, url, self.originals, kind)
        # Of the same account: this saves a request, and the permission for it.
        return ReplaySource(name, dlq, f"{url.rpartition('/')[0]}/{queue}")


def _scan(source: ReplaySource, seconds: float) -> _Scanned:
    """Reads a DLQ for some seconds, and keeps its first letters."""
    queue = queues.get_depth(source.dlq.sqs, source.queue_url)
    reasons: Counter[str] = Counter()
    # Without their bodies, which may be large.
    letters: list[Letter] = []
    oldest = None
    with source.dlq.scan(seconds=max(0.0, seconds)) as scan:
        for batch in scan:
            letters += (_make_letter(source, each) for each in batch[: MAX_LETTERS - len(letters)])
            for letter in batch:
                reasons[letter.reason] += 1
                oldest = letter.sent_at if oldest is None else min(oldest, letter.sent_at)
    state = QueueState(
        queue=source.dlq.kind,
        size=source.size,
        waiting=queue.visible,
        in_progress=queue.in_flight,
        letters=reasons.total() if scan.complete else max(scan.depth.visible, reasons.total()),
        hidden=scan.depth.in_flight,
        reasons=dict(reasons),
        oldest=oldest,
        complete=scan.complete,
    )
    return _Scanned(state, letters)


def _make_letter(source: ReplaySource, letter: DeadLetter) -> Letter:
    return Letter(
        queue=source.dlq.kind,
        size=source.size,
        path=letter.path,
        reason=letter.reason,
        error=letter.error,
        attempts=letter.attempts,
        failed_at=letter.failed_at,
        sent_at=letter.sent_at,
    )
