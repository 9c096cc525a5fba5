"""One command at a time: a file that the running one locks, with its process id.

The system releases the lock with the process, however that ends.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from lib.errors import ConfigError

# Longer than the servers of an interrupted command take to end.
INTERRUPT_SECONDS = 30


@contextmanager
def hold(file: Path) -> Iterator[None]:
    """Holds the lock; raises ConfigError if another process does."""
    with _open(file) as lock:
        if not _acquire(lock):
            raise ConfigError(
                f"make local or make demo is at work here (process {_read_holder(lock)}): wait "
                "until it ends, or end it with make stop"
            )
        yield


@contextmanager
def interrupt_and_hold(file: Path) -> Iterator[bool]:
    """Interrupts the process that holds the lock, if any, and holds it instead.

    The block gets whether there was one.
    """
    with _open(file) as lock:
        interrupted = ""
        deadline = time.monotonic() + INTERRUPT_SECONDS
        while not _acquire(lock):
            # A process writes its id a moment after it has the lock.
            holder = _read_holder(lock)
            if holder not in ("", interrupted):
                interrupted = holder
                with suppress(ProcessLookupError):
                    os.kill(int(holder), signal.SIGTERM)
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"make local or make demo (process {holder}) did not end within "
                    f"{INTERRUPT_SECONDS} s of its interruption"
                )
            time.sleep(0.1)
        yield bool(interrupted)


def _open(file: Path) -> IO[str]:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("a+")


def _acquire(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return True


def _read_holder(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read()
