"""What a check finds, and what its reader can do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: a problem loses or stops something, a warning will, or may unseen."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """What is so, why that matters, and its cure; the latter two are "" where all is well."""

    level: Level
    what: str
    why: str = ""
    cure: str = ""


def ok(what: str) -> Finding:
    """All is well with this."""
    return Finding(Level.OK, what)


def warning(what: str, why: str, cure: str) -> Finding:
    """Works today."""
    return Finding(Level.WARNING, what, why, cure)


def problem(what: str, why: str, cure: str) -> Finding:
    """Does not work, or loses messages or photos."""
    return Finding(Level.PROBLEM, what, why, cure)
