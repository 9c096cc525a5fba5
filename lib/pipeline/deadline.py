"""The time limit of a batch."""

import math
import time
from collections.abc import Callable

from lib.aws.call_budget import CALL_SECONDS, SecondsLeft
from lib.errors import NoTimeError


class Deadline:
    """The end of a batch's time; `reserved_seconds` is the longest time of one photo."""

    def __init__(
        self,
        seconds_left: SecondsLeft,
        reserved_seconds: float = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds_left, self._clock = seconds_left, clock
        self._needed = max(reserved_seconds, CALL_SECONDS)
        self._ends_at = clock() + seconds_left()

    @property
    def is_over(self) -> bool:
        """Whether the batch has ended: results that come later are ignored."""
        return self._ends_at == -math.inf

    def left(self) -> float:
        """Returns the seconds left, by the caller's clock or this one, whichever is less."""
        return min(self._seconds_left(), self._ends_at - self._clock())

    def check(self) -> None:
        """Raises NoTimeError unless there is time to render a photo, and for one call."""
        if self.left() < self._needed:
            raise NoTimeError

    def end(self) -> None:
        """Ends the time: threads that are still running can start nothing more."""
        self._ends_at = -math.inf


# For work outside of a batch.
UNLIMITED = Deadline(lambda: math.inf)
