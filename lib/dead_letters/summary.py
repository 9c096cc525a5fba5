"""Counts a DLQ's letters by reason, with the time of the oldest."""

from dataclasses import dataclass, field
from datetime import datetime

from lib.aws import sqs as queues
from lib.dead_letters.letter import EVERYTHING, DeadLetter, Filter
from lib.dead_letters.queue import DeadLetterQueue


@dataclass
class Group:
    """Letters of one reason; `oldest` is when SQS received the first of them."""

    oldest: datetime
    letters: int = 0


@dataclass
class Summary:
    """Groups by reason. About `in_flight` letters are hidden by other clients and not counted.

    `complete` is False if there are more letters than one scan can read.
    """

    in_flight: int
    reasons: dict[str, Group] = field(default_factory=dict)
    complete: bool = True

    @property
    def letters(self) -> int:
        """Number of letters of all groups."""
        return sum(group.letters for group in self.reasons.values())

    def add(self, letter: DeadLetter) -> None:
        """Adds a letter to the group of its reason."""
        group = self.reasons.setdefault(letter.reason, Group(letter.sent_at))
        group.letters += 1
        group.oldest = min(group.oldest, letter.sent_at)


def summarize(dlq: DeadLetterQueue, letter_filter: Filter = EVERYTHING) -> Summary:
    """Scans the queue once, counting the selected letters."""
    with dlq.scan() as scan:
        summary = Summary(scan.depth.in_flight)
        for batch in scan:
            for letter in filter(letter_filter.matches, batch):
                summary.add(letter)
        summary.complete = scan.complete
    return summary


def count(dlq: DeadLetterQueue, letter_filter: Filter = EVERYTHING) -> int:
    """Returns about how many letters are selected; SQS's estimate if the filter selects all."""
    if letter_filter == EVERYTHING and (visible := queues.get_depth(dlq.sqs, dlq.url).visible):
        return visible
    return summarize(dlq, letter_filter).letters
