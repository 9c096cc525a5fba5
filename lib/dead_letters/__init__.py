"""Lists, replays and purges dead letters without losing any."""

from lib.dead_letters.letter import (
    EVERYTHING,
    NOT_PURGED,
    UNDELIVERED,
    DeadLetter,
    DlqKind,
    Filter,
)
from lib.dead_letters.queue import DeadLetterQueue, DlqResult, OnProgress
from lib.dead_letters.records import RecordCleaner
from lib.dead_letters.sources import SHARED, ReplaySource, find_sources, read_all
from lib.dead_letters.summary import Summary, count, summarize

__all__ = [
    "EVERYTHING",
    "NOT_PURGED",
    "SHARED",
    "UNDELIVERED",
    "DeadLetter",
    "DeadLetterQueue",
    "DlqKind",
    "DlqResult",
    "Filter",
    "OnProgress",
    "RecordCleaner",
    "ReplaySource",
    "Summary",
    "count",
    "find_sources",
    "read_all",
    "summarize",
]
