"""A median with its range, and a goal with what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from bench.cases import Case


class Ratio(NamedTuple):
    """A median and its range."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


@dataclass(frozen=True)
class Goal:
    """A limit and the measured value, None if it could not be measured."""

    name: str
    limit: float
    value: float | None
    unit: str = " x"
    at_least: bool = False
    range: Ratio | None = None
    note: str = ""
    # The inputs that a goal of speed is about.
    cases: tuple[Case, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None if it was not measured."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def spread(values: Sequence[float]) -> Ratio:
    """Returns the median and range of values."""
    return Ratio(median(values), min(values), max(values))
