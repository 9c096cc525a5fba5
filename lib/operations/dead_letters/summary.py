"""What a dead-letter queue holds: how many letters of which reason, and since when."""

from dataclasses import dataclass, field
from datetime import datetime

from lib.aws import sqs as queues
from lib.operations.dead_letters.letter import EVERYTHING, DeadLetter, Filter
from lib.operations.dead_letters.queue import DeadLetterQueue


@dataclass
class Group:
    """Letters of one reason; `oldest` is when the first of them was sent."""

    oldest: datetime
    letters: int = 0


@dataclass
class Summary:
    """Groups by reason. `in_flight` letters are in other hands, about, and not among them.

    `complete` is False where there are more letters than one walk can see.
    """

    in_flight: int
    reasons: dict[str, Group] = field(default_factory=dict)
    complete: bool = True

    @property
    def letters(self) -> int:
        """How many there are in all groups."""
        return sum(group.letters for group in self.reasons.values())

    def add(self, letter: DeadLetter) -> None:
        """Count a letter in."""
        group = self.reasons.setdefault(letter.reason, Group(letter.sent_at))
        group.letters += 1
        group.oldest = min(group.oldest, letter.sent_at)


def summarize(letters: DeadLetterQueue, wanted: Filter = EVERYTHING) -> Summary:
    """Walk through the queue once, counting the letters that are meant."""
    with letters.scan() as walk:
        summary = Summary(walk.depth.in_flight)
        for batch in walk:
            for letter in batch:
                if wanted.matches(letter):
                    summary.add(letter)
        summary.complete = walk.complete
    return summary


def count(letters: DeadLetterQueue, wanted: Filter = EVERYTHING) -> int:
    """About how many letters are meant: by SQS's guess where that is all of them."""
    if wanted == EVERYTHING and (visible := queues.get_depth(letters.sqs, letters.url).visible):
        return visible
    return summarize(letters, wanted).letters
