"""Several photos at once, one of them being rendered: a batch's downloads and uploads overlap.

S3 takes as long to answer as a photo takes to render. While one has the processor, others may
be on their way in or out; how many is a matter of the bytes that they hold.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock


class RenderSlots:
    """What the threads of one worker wait for: room for an original's bytes, and the processor."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes` is what originals may hold together; a larger one comes in alone."""
        self._max_bytes = max_bytes
        self._held = 0
        self._room = Condition()
        self._processor = Lock()

    @contextmanager
    def hold_bytes(self, length: int) -> Iterator[None]:
        """Inside the block `length` bytes are held; waits until there is room for them."""
        with self._room:
            self._room.wait_for(lambda: not self._held or self._held + length <= self._max_bytes)
            self._held += length
        try:
            yield
        finally:
            with self._room:
                self._held -= length
                self._room.notify_all()

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Inside the block no other photo is rendered: its memory and its time are bounded."""
        with self._processor:
            yield
