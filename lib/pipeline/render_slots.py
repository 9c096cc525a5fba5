"""Limits a worker to one rendering at a time while other photos download and upload.

S3 takes as long to respond as a photo takes to render, so the two overlap. The bytes of downloaded
originals bound how many photos are under way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock


class RenderSlots:
    """Memory for originals' bytes, and the processor, shared by the threads of one worker."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes` limits the originals' total; a larger original is held alone."""
        self._max_bytes = max_bytes
        self._held = 0
        self._freed = Condition()
        self._processor = Lock()

    @contextmanager
    def hold_bytes(self, length: int) -> Iterator[None]:
        """Reserves `length` bytes for the block; waits until they are free."""
        with self._freed:
            self._freed.wait_for(lambda: not self._held or self._held + length <= self._max_bytes)
            self._held += length
        try:
            yield
        finally:
            with self._freed:
                self._held -= length
                self._freed.notify_all()

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Reserves the processor for the block: one rendering at a time bounds memory and time."""
        with self._processor:
            yield
