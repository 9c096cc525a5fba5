"""Polls for a result until a deadline."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lib.errors import StepError

T = TypeVar("T")

# Seconds between polls: at first about as long as a rendering, later long enough to cost nothing.
# Four a second are what the API of the smallest stage takes (infra/api/throttles.py).
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 3.0


@dataclass(frozen=True)
class Poller:
    """Poller with a deadline.

    `seconds` outlast a cold start of every size and the first tries of a transient failure.
    """

    seconds: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def wait(
        self,
        poll: Callable[[], T | None],
        what: Callable[[], str],
        look_at: str,
        *,
        more: float = 0,
    ) -> T:
        """Returns the first result of `poll` that is not None.

        Raises StepError with the text of `what` after the deadline, which is `more` seconds later.
        """
        seconds = self.seconds + more
        ends_at, pause = self.clock() + seconds, _FIRST_PAUSE
        while (result := poll()) is None:
            if self.clock() > ends_at:
                raise StepError(f"not within {seconds:.0f} s: {what()}", look_at)
            self.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)
        return result
