"""Finds a stack's dead-letter queues, and the queue that each one replays to."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.aws import sqs as queues
from lib.aws.clients import SQSClient
from lib.dead_letters.letter import DeadLetter, DlqKind, Filter
from lib.dead_letters.queue import DeadLetterQueue

if TYPE_CHECKING:
    from lib.aws.stacks import Stack


# Kinds with one queue for all sizes.
SHARED = (DlqKind.PURGE, DlqKind.FETCH)


@dataclass(frozen=True)
class ReplaySource:
    """DLQ and the URL of the queue to replay to; `name` is the size or the shared kind."""

    name: str
    dlq: DeadLetterQueue
    queue_url: str

    @property
    def size(self) -> str | None:
        """The size's name; None for a shared kind."""
        return None if self.dlq.kind in SHARED else self.name


def get_dlq_name(queue: str, kind: DlqKind) -> str:
    """Returns the name of a queue's DLQ of this kind."""
    return f"{queue}-subscription-dlq" if kind is DlqKind.SUBSCRIPTION else f"{queue}-dlq"


def find_sources(
    sqs: SQSClient, stack: "Stack", kind: DlqKind, size_names: Iterable[str]
) -> list[ReplaySource]:
    """Finds the DLQs of a kind: one for each size, or the shared one.

    Raises ConfigError if the stack has none.
    """
    if kind in SHARED:
        queue = f"{stack.name}-{kind}"
        url = queues.find_queue(sqs, get_dlq_name(queue, kind))
        dlq = DeadLetterQueue(sqs, url, stack.originals, kind)
        return [ReplaySource(kind, dlq, queues.find_queue(sqs, queue))]
    return [_find_source(sqs, stack, kind, name) for name in size_names]


def read_all(
    sources: Iterable[ReplaySource], letter_filter: Filter
) -> Generator[tuple[str, DeadLetter], None, None]:
    """Yields each selected letter with the name of its source.

    Close the generator early if you stop early: it hides the letters from others until then.
    """
    for source in sources:
        with source.dlq.scan() as scan:
            for batch in scan:
                selected = filter(letter_filter.matches, batch)
                yield from ((source.name, letter) for letter in selected)


def _find_source(sqs: SQSClient, stack: "Stack", kind: DlqKind, size_name: str) -> ReplaySource:
    size = stack.sizes[size_name]
    url = size.dlq_url
    if kind is DlqKind.SUBSCRIPTION:
        url = queues.find_queue(sqs, get_dlq_name(f"{stack.name}-{size_name}", kind))
    dlq = DeadLetterQueue(sqs, url, stack.originals, kind)
    return ReplaySource(size_name, dlq, size.queue_url)
