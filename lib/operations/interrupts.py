"""Signals that end a process, as an exception: nothing that is held stays held.

Python raises KeyboardInterrupt for Ctrl-C alone, and at any moment: also while an answer is on its
way that says what there is to let go of.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import FrameType

# Ctrl-C; what `kill`, systemd and containers send; a terminal that is closed.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _State:
    """A process has one of each signal, and Python handles them in its main thread alone."""

    # Blocks that signals wait for, in all threads.
    blocks = 0
    counting = Lock()
    waiting: int | None = None


@contextmanager
def raised_for_signals() -> Iterator[None]:
    """KeyboardInterrupt for each signal that ends a process; one that is ignored stays ignored."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    taken = {number: was for number, was in before.items() if was not in (signal.SIG_IGN, None)}
    for number in taken:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, was in taken.items():
            signal.signal(number, was)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Have signals wait for the end of the block; a second Ctrl-C does not."""
    with _State.counting:
        _State.blocks += 1
    try:
        yield
    finally:
        with _State.counting:
            _State.blocks -= 1
        if _State.waiting and not _State.blocks:
            _State.waiting = None
            raise KeyboardInterrupt


def _interrupt(number: int, _frame: FrameType | None) -> None:
    insists = number == _State.waiting == signal.SIGINT
    if not _State.blocks or insists:
        _State.waiting = None
        raise KeyboardInterrupt
    _State.waiting = _State.waiting or number
