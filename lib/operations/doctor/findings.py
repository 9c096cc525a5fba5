"""Findings of the checks, each with its cause and cure."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Severity: a problem stops or loses something now, a warning may do so later."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """Result of a check: `what` it found, `why` that matters, and the `cure`.

    A fault without a cure is one that another deploy ends.
    """

    level: Level
    what: str
    why: str = ""
    cure: str = ""


def ok(what: str) -> Finding:
    """Builds a finding without a fault."""
    return Finding(Level.OK, what)


def warning(what: str, why: str, cure: str = "") -> Finding:
    """Builds a warning."""
    return Finding(Level.WARNING, what, why, cure)


def problem(what: str, why: str, cure: str = "") -> Finding:
    """Builds a problem."""
    return Finding(Level.PROBLEM, what, why, cure)
