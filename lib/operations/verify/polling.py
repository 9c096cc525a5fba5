"""Waiting until something is so, with a deadline."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lib.errors import StepError

T = TypeVar("T")

# Seconds between two looks: at first about what rendering takes, later few enough to cost nothing.
# Four a second are what the API of the smallest stage takes (infra/api/throttles.py).
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 3.0


@dataclass(frozen=True)
class Poller:
    """Looks again and again.

    `seconds` outlast a cold start of every size and the first tries of a transient failure.
    """

    seconds: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def wait(
        self,
        look: Callable[[], T | None],
        what: Callable[[], str],
        look_at: str,
        *,
        more: float = 0,
    ) -> T:
        """Return what `look` finds first; StepError after the deadline, `more` seconds later.

        `what` says then what was waited for.
        """
        seconds = self.seconds + more
        ends_at, pause = self.clock() + seconds, _FIRST_PAUSE
        while (found := look()) is None:
            if self.clock() > ends_at:
                raise StepError(f"not within {seconds:.0f} s: {what()}", look_at)
            self.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)
        return found
