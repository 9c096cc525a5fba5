"""Turns the signals that end a process into KeyboardInterrupt, so that resources are released.

Python raises KeyboardInterrupt for Ctrl-C alone, and at any moment: also before a response
arrives that names the resources to release. `uninterrupted` protects such calls.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from types import FrameType

# Ctrl-C; the signal of `kill`, systemd and containers; a closed terminal.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _State:
    """State of the process: Python handles signals in the main thread alone."""

    # Running `uninterrupted` blocks of all threads.
    blocks = 0
    # No block ends while a signal decides whether to wait for it. Reentrant: the main thread may
    # hold it when a signal comes.
    lock = RLock()
    pending: int | None = None


@contextmanager
def raised_for_signals() -> Iterator[None]:
    """Raises KeyboardInterrupt for each signal that ends a process; ignored ones stay ignored."""
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    replaced = {
        n: handler for n, handler in handlers.items() if handler not in (signal.SIG_IGN, None)
    }
    for number in replaced:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delays signals until the block ends; a second Ctrl-C is not delayed."""
    with _State.lock:
        _State.blocks += 1
    try:
        yield
    finally:
        with _State.lock:
            _State.blocks -= 1
        if _State.pending and not _State.blocks:
            _State.pending = None
            raise KeyboardInterrupt


def _interrupt(number: int, _frame: FrameType | None) -> None:
    with _State.lock:
        is_second_ctrl_c = number == _State.pending == signal.SIGINT
        if not _State.blocks or is_second_ctrl_c:
            _State.pending = None
            raise KeyboardInterrupt
        _State.pending = _State.pending or number
