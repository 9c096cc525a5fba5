"""Dead letters: looked at, replayed to their queue, or purged, and never lost on the way."""

from lib.dead_letters.letter import (
    EVERYTHING,
    NOT_PURGED,
    UNDELIVERED,
    DeadLetter,
    Filter,
    Kind,
)
from lib.dead_letters.places import SHARED, Place, find_places, look
from lib.dead_letters.queue import DeadLetters, Tally, Tell
from lib.dead_letters.records import Records
from lib.dead_letters.summary import Summary, count, summarize

__all__ = [
    "EVERYTHING",
    "NOT_PURGED",
    "SHARED",
    "UNDELIVERED",
    "DeadLetter",
    "DeadLetters",
    "Filter",
    "Kind",
    "Place",
    "Records",
    "Summary",
    "Tally",
    "Tell",
    "count",
    "find_places",
    "look",
    "summarize",
]
