"""Waiting with a deadline, by a clock of the test's own."""

import pytest

from lib.errors import StepError
from lib.operations.verify.polling import Poller


class Clock:
    """Time that passes while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_what_is_found_is_returned_at_once() -> None:
    clock = Clock()
    answers = iter([None, None, "found", None])
    poller = Poller(60, clock.sleep, clock)
    assert poller.wait(lambda: next(answers), lambda: "it", "") == "found"
    assert len(clock.pauses) == 2


@pytest.mark.parametrize(("more", "deadline"), [(0.0, 60), (30.0, 90)])
def test_after_the_deadline_it_says_what_it_waited_for_and_where_to_look(
    more: float, deadline: int
) -> None:
    clock = Clock()
    with pytest.raises(StepError, match=f"^not within {deadline} s: the end$") as raised:
        Poller(60, clock.sleep, clock).wait(lambda: None, lambda: "the end", "there", more=more)
    assert raised.value.look_at == "there"
    assert deadline < clock.now - 1000 < deadline + 5
    assert max(clock.pauses) <= 3
