"""Uploads over time, at rates that are constant for a while."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

# What floating-point sums may lack of a whole number.
_TOLERANCE = 1e-9


class Arrivals:
    """Uploads from second 0 on; messages are numbered from 1 in the order in which they arrive."""

    def __init__(self, spans: Iterable[tuple[float, float]]) -> None:
        """Each span has its seconds and its number of uploads, which come at a constant rate."""
        kept = [(seconds, count) for seconds, count in spans if seconds > 0]
        self._times = [0.0, *accumulate(seconds for seconds, _ in kept)]
        self._counts = [0.0, *accumulate(float(count) for _, count in kept)]

    @property
    def total(self) -> int:
        """Number of all uploads; of a last fraction of one nothing arrives."""
        return int(self._counts[-1] + _TOLERANCE)

    @property
    def end(self) -> float:
        """Seconds until the last span ends."""
        return self._times[-1]

    @property
    def peak_rate(self) -> float:
        """Uploads a second of the fastest span."""
        return max(
            (
                (self._counts[i + 1] - self._counts[i]) / (self._times[i + 1] - self._times[i])
                for i in range(len(self._times) - 1)
            ),
            default=0.0,
        )

    def count_until(self, time: float) -> float:
        """Returns the uploads until a moment, with the fraction of the next one."""
        if time <= 0:
            return 0.0
        if time >= self.end:
            return self._counts[-1]
        span = bisect_right(self._times, time) - 1
        share = (time - self._times[span]) / (self._times[span + 1] - self._times[span])
        return self._counts[span] + share * (self._counts[span + 1] - self._counts[span])

    def arrived_by(self, time: float) -> int:
        """Returns the whole uploads until a moment."""
        return int(self.count_until(time) + _TOLERANCE)

    def next_change(self, time: float) -> float:
        """Returns when the rate changes next; infinity after the last span."""
        return next(iter(self._times[bisect_right(self._times, time) :]), math.inf)

    def time_of(self, number: float) -> float:
        """Returns the moment at which the upload of this number is there."""
        number = min(number, self._counts[-1])
        if number <= 0:
            return 0.0
        span = bisect_left(self._counts, number) - 1
        share = (number - self._counts[span]) / (self._counts[span + 1] - self._counts[span])
        return self._times[span] + share * (self._times[span + 1] - self._times[span])


def make_burst(photos: float, per_second: float) -> Arrivals:
    """Makes the arrivals of a burst at a constant rate."""
    return Arrivals([(photos / per_second, photos)])
