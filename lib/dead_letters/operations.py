"""Lists, replays and purges the dead letters of all sizes within the time of one API request."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from lib.aws import sqs as queues
from lib.concurrency import map_concurrently
from lib.dead_letters.letter import DeadLetter, DlqKind, Filter
from lib.dead_letters.queue import DeadLetterQueue, DlqResult
from lib.dead_letters.records import RecordCleaner
from lib.errors import ProblemKind, RequestError
from lib.keys import MAX_KEY_BYTES, Originals
from lib.times import Timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# Seconds in which queues are scanned: API Gateway stops waiting after 30, and letters that remain
# are made visible after the scan.
MAX_SECONDS = 10.0
# Letters of a list: with a path of 1 KB and an error of 1 KB each they fit into Lambda's 6 MB.
MAX_LETTERS = 500
MAX_PATHS = 100
# An empty queue is waited for: those of twenty sizes are scanned in three seconds.
_MAX_WORKERS = 8
# CloudFormation's limit on resources allows fewer sizes.
_MAX_SIZES = 100

Text = Annotated[str, Field(min_length=1, max_length=MAX_KEY_BYTES)]


class Letter(BaseModel):
    """A dead letter; `size` is None for a fetch job, unknown fields are None or ""."""

    size: str | None
    path: str
    reason: str
    error: str
    attempts: int | None
    failed_at: Timestamp | None
    sent_at: Timestamp


class QueueState(BaseModel):
    """A size's queues, or those of fetch jobs (`size` None).

    `waiting` and `in_progress` are the messages that are not dead, as SQS estimates them.
    `letters` counts the dead ones, by reason in `reasons`; `hidden` are those that somebody else
    is reading. If there were too many to count in time, `complete` is False, and `letters` is
    SQS's estimate.
    """

    size: str | None
    waiting: int
    in_progress: int
    letters: int
    hidden: int
    reasons: dict[str, int]
    oldest: Timestamp | None
    complete: bool


class DeadLetterList(BaseModel):
    """All queues of the stage, and the first letters of each."""

    queues: list[QueueState]
    letters: list[Letter]


class Selection(BaseModel):
    """The letters to replay or purge: of these sizes, or of fetch jobs without `sizes`.

    Of these, those with the reason and a path among `paths`; without both, all.
    """

    model_config = ConfigDict(extra="forbid")

    sizes: list[Text] | None = Field(None, min_length=1, max_length=_MAX_SIZES)
    reason: Text | None = None
    paths: list[Text] | None = Field(None, max_length=MAX_PATHS)

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


class _Source(NamedTuple):
    size: str | None
    kind: DlqKind
    queue_url: str
    dlq: DeadLetterQueue


@dataclass
class _Scanned:
    state: QueueState
    letters: list[Letter] = field(default_factory=list)


@dataclass(frozen=True)
class DeadLetterOperations:
    """The dead letters of one stage; its queues' names begin with `prefix`."""

    sqs: "SQSClient"
    prefix: str
    sizes: Sequence[str]
    originals: Originals

    def list_all(self) -> DeadLetterList:
        """Returns the state of all queues, with their first letters."""
        sources = [self._make_source(size) for size in (*self.sizes, None)]
        limit = MAX_LETTERS // len(sources)
        deadline = time.monotonic() + MAX_SECONDS

        def scan(source: _Source) -> _Scanned:
            return _scan(source, limit, deadline - time.monotonic())

        scanned = list(map_concurrently(sources, scan, max_workers=_MAX_WORKERS))
        letters = [letter for each in scanned for letter in each.letters]
        return DeadLetterList(queues=[each.state for each in scanned], letters=letters)

    def replay(self, selection: Selection) -> Taken:
        """Moves the letters to their queues; RequestError for an unknown size."""

        def take(source: _Source, seconds: float) -> DlqResult:
            return source.dlq.replay(source.queue_url, selection.filter, seconds=seconds)

        return self._take(selection, take)

    def purge(self, selection: Selection, s3: "S3Client", failures_bucket: str) -> Taken:
        """Deletes the letters and their failure records; RequestError for an unknown size."""

        def take(source: _Source, seconds: float) -> DlqResult:
            name = source.size or source.kind
            records = RecordCleaner(s3, failures_bucket, name, source.kind, self.originals)
            return source.dlq.purge(selection.filter, seconds=seconds, on_deleted=records.clear)

        return self._take(selection, take)

    def _take(self, selection: Selection, take: Callable[[_Source, float], DlqResult]) -> Taken:
        if selection.paths == []:  # so a client learns whether its token may do this
            return Taken(taken=0, refused=0, complete=True)
        sizes = [None] if selection.sizes is None else self._require_known(selection.sizes)
        sources = [self._make_source(size) for size in sizes]
        deadline = time.monotonic() + MAX_SECONDS

        def try_one(source: _Source) -> DlqResult:
            seconds = deadline - time.monotonic()
            return take(source, seconds) if seconds > 0 else DlqResult(complete=False)

        results = list(map_concurrently(sources, try_one, max_workers=_MAX_WORKERS))
        return Taken(
            taken=sum(each.taken for each in results),
            refused=sum(each.refused for each in results),
            complete=all(each.complete for each in results),
        )

    def _require_known(self, sizes: Iterable[str]) -> list[str]:
        """Returns the sizes without repetitions; raises RequestError for one that is not declared.

        Two scans of one queue would hide each other's letters.
        """
        wanted = list(dict.fromkeys(sizes))
        for size in wanted:
            if size not in self.sizes:
                raise RequestError(
                    422,
                    ProblemKind.UNKNOWN_SIZE,
                    f"sizes: {size!r} is not declared: choose among {', '.join(self.sizes)}",
                )
        return wanted

    def _make_source(self, size: str | None) -> _Source:
        kind = DlqKind.FETCH if size is None else DlqKind.DLQ
        queue = f"{self.prefix}{size or kind}"
        url = queues.find_queue(self.sqs, f"{queue}-dlq")
        dlq = DeadLetterQueue(self.sqs, url, self.originals, kind)
        return _Source(size, kind, queues.find_queue(self.sqs, queue), dlq)


def _scan(source: _Source, limit: int, seconds: float) -> _Scanned:
    """Reads a DLQ for some seconds, and keeps its first letters."""
    queue = queues.get_depth(source.dlq.sqs, source.queue_url)
    reasons: Counter[str] = Counter()
    letters: list[DeadLetter] = []
    oldest = None
    with source.dlq.scan(seconds=max(0.0, seconds)) as scan:
        for batch in scan:
            letters += batch[: limit - len(letters)]
            for letter in batch:
                reasons[letter.reason] += 1
                oldest = letter.sent_at if oldest is None else min(oldest, letter.sent_at)
    state = QueueState(
        size=source.size,
        waiting=queue.visible,
        in_progress=queue.in_flight,
        letters=reasons.total() if scan.complete else max(scan.depth.visible, reasons.total()),
        hidden=scan.depth.in_flight,
        reasons=dict(reasons),
        oldest=oldest,
        complete=scan.complete,
    )
    return _Scanned(state, [_make_letter(source.size, letter) for letter in letters])


def _make_letter(size: str | None, letter: DeadLetter) -> Letter:
    return Letter(
        size=size,
        path=letter.path,
        reason=letter.reason,
        error=letter.error,
        attempts=letter.attempts,
        failed_at=letter.failed_at,
        sent_at=letter.sent_at,
    )
