"""Signals become KeyboardInterrupt, and wait where they would do harm."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib import interrupts
from lib.interrupts import raised_for_signals, uninterrupted

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """As at a terminal, whatever runs the tests."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in SIGNALS[1:]:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, was in before.items():
        signal.signal(number, was)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_interrupts_and_the_handlers_come_back(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(KeyboardInterrupt), raised_for_signals():
        signal.raise_signal(number)
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with raised_for_signals():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_for_the_end_of_a_block_and_of_all_around_it(
    number: signal.Signals,
) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), raised_for_signals():
        with uninterrupted():
            with uninterrupted():
                signal.raise_signal(number)
                done.append("inner")
            done.append("outer")
        done.append("never")
    assert done == ["inner", "outer"]


def test_a_second_ctrl_c_does_not_wait() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), raised_for_signals(), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("first")
        signal.raise_signal(signal.SIGINT)
        done.append("second")
    assert done == ["first"]


def test_nothing_is_left_waiting_for_the_next_block() -> None:
    with raised_for_signals():
        with pytest.raises(KeyboardInterrupt), uninterrupted():
            signal.raise_signal(signal.SIGTERM)
        with uninterrupted():
            pass


def test_blocks_of_several_threads_leave_nothing_held_whichever_ends_first() -> None:
    first, second = uninterrupted(), uninterrupted()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    with pytest.raises(KeyboardInterrupt), raised_for_signals():
        signal.raise_signal(signal.SIGTERM)


class EndingBlock:
    """The state, whose block's thread ends it as soon as a signal has seen that it runs."""

    lock = interrupts._State.lock
    pending: int | None = None

    def __init__(self) -> None:
        self.begun, self.seen, self.ended = (threading.Event() for _ in range(3))
        self._blocks = 0

    @property
    def blocks(self) -> int:
        seen = self._blocks
        if threading.current_thread() is threading.main_thread():
            self.seen.set()
            # It cannot end before the signal waits for it; one that could ends at once.
            self.ended.wait(0.2)
        return seen

    @blocks.setter
    def blocks(self, blocks: int) -> None:
        self._blocks = blocks

    def run_block(self) -> None:
        try:
            with uninterrupted():
                self.begun.set()
                assert self.seen.wait(30)
        finally:
            self.ended.set()


def test_a_signal_is_not_lost_if_the_block_of_a_thread_ends_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = EndingBlock()
    monkeypatch.setattr(interrupts, "_State", state)
    with raised_for_signals(), ThreadPoolExecutor(1) as pool:
        block = pool.submit(state.run_block)
        assert state.begun.wait(30)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            block.result(30)
