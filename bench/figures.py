"""From seconds to ratios, and from ratios to goals met or missed. Numbers only."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


class Ratio(NamedTuple):
    """A median with the range around it."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


@dataclass(frozen=True)
class Goal:
    """Something promised, and what was measured; `value` is None where that was not possible."""

    name: str
    limit: float
    value: float | None
    unit: str = " x"
    at_least: bool = False
    range: Ratio | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it was kept; None where nothing was measured."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Ours by theirs, round by round: what slows the machine down slows both."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


def spread(values: Sequence[float]) -> Ratio:
    """The median of some values, and their range."""
    return Ratio(median(values), min(values), max(values))
