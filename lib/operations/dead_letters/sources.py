"""Where a stack's dead letters are, and the queue that each of them belongs to."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.aws import sqs as queues
from lib.operations.dead_letters.letter import DeadLetter, DlqKind, Filter
from lib.operations.dead_letters.queue import DeadLetterQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from lib.aws.stacks import Stack


# Kinds that have one queue for all sizes.
SHARED = (DlqKind.PURGE, DlqKind.FETCH)


@dataclass(frozen=True)
class ReplaySource:
    """A dead-letter queue, and where its letters go when they are replayed.

    `name` is the size's, or of a kind that all sizes share.
    """

    name: str
    letters: DeadLetterQueue
    queue_url: str


def find_sources(
    sqs: "SQSClient", stack: "Stack", kind: DlqKind, size_names: Iterable[str]
) -> list[ReplaySource]:
    """The dead-letter queues of a kind: one for each of the sizes, or the one that they share.

    ConfigError where the stack has none.
    """
    if kind in SHARED:
        queue = f"{stack.name}-{kind}"
        letters = DeadLetterQueue(sqs, queues.find_queue(sqs, f"{queue}-dlq"), kind)
        return [ReplaySource(kind, letters, queues.find_queue(sqs, queue))]
    return [_place(sqs, stack, kind, name) for name in size_names]


def read_all(
    places: Iterable[ReplaySource], wanted: Filter
) -> Generator[tuple[str, DeadLetter], None, None]:
    """Each letter that is meant, with the name of its place.

    Close it when no more are wanted: letters are hidden from others until then.
    """
    for place in places:
        with place.letters.scan() as walk:
            for batch in walk:
                yield from ((place.name, letter) for letter in batch if wanted.matches(letter))


def _place(sqs: "SQSClient", stack: "Stack", kind: DlqKind, size_name: str) -> ReplaySource:
    size = stack.sizes[size_name]
    url = size.dlq_url
    if kind is DlqKind.SUBSCRIPTION:
        url = queues.find_queue(sqs, f"{stack.name}-{size_name}-subscription-dlq")
    return ReplaySource(size_name, DeadLetterQueue(sqs, url, kind), size.queue_url)
