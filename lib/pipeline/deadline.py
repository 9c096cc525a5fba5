"""The time that a batch may take, as the steps of its work ask for it."""

import math
import time
from collections.abc import Callable

from lib.aws.call_budget import CALL_SECONDS, SecondsLeft
from lib.errors import NoTimeError


class Deadline:
    """When a batch must have ended; `reserve` is how long one photo may take, in seconds."""

    def __init__(
        self,
        seconds_left: SecondsLeft,
        reserve: float = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds_left, self._clock = seconds_left, clock
        self._needed = max(reserve, CALL_SECONDS)
        self._ends_at = clock() + seconds_left()

    @property
    def is_over(self) -> bool:
        """Whether the batch has been reported: nobody waits for its work any more."""
        return self._ends_at == -math.inf

    def left(self) -> float:
        """Seconds until the end; our own clock bounds what the caller's says."""
        return min(self._seconds_left(), self._ends_at - self._clock())

    def check(self) -> None:
        """Raise NoTimeError unless there is time to render a photo, and for a call before it."""
        if self.left() < self._needed:
            raise NoTimeError

    def end(self) -> None:
        """Nothing that is still under way may begin anything more."""
        self._ends_at = -math.inf


# For those that no batch waits for.
UNLIMITED = Deadline(lambda: math.inf)
