"""Dead letters: looked at, replayed to their queue, or purged, and never lost on the way."""

from lib.dead_letters.letter import (
    EVERYTHING,
    NOT_PURGED,
    UNDELIVERED,
    WORKER_STOPPED,
    DeadLetter,
    Filter,
    Kind,
)
from lib.dead_letters.queue import DeadLetters, Tally

__all__ = [
    "EVERYTHING",
    "NOT_PURGED",
    "UNDELIVERED",
    "WORKER_STOPPED",
    "DeadLetter",
    "DeadLetters",
    "Filter",
    "Kind",
    "Tally",
]
