"""A file made of slices of another, so that decoders get a photo's pixels without its metadata.

Metadata that never reaches a decoder can neither break it, nor slow it down, nor appear in a
variant. Slices are views: the photo is not copied.
"""

import io
from bisect import bisect_right
from itertools import accumulate


class Spliced(io.RawIOBase):
    """The concatenated parts as a readable file."""

    def __init__(self, *parts: bytes | memoryview) -> None:
        self._parts = [memoryview(part) for part in parts if len(part)]
        self._starts = [0, *accumulate(len(part) for part in self._parts)]
        self._position = 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def seekable(self) -> bool:
        """Returns True."""
        return True

    def tell(self) -> int:
        """Returns the offset of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves to an offset, which may be past the end; raises ValueError for a negative one."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}
        if base[whence] + offset < 0:
            raise ValueError(f"cannot seek to {base[whence] + offset}: a file begins at 0")
        self._position = base[whence] + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads at most `size` bytes, or all that are left for -1 or None."""
        end = self._starts[-1]
        if size is not None and size >= 0:
            end = min(end, self._position + size)
        pieces = []
        while self._position < end:
            index = bisect_right(self._starts, self._position) - 1
            offset = self._position - self._starts[index]
            piece = self._parts[index][offset : offset + end - self._position]
            pieces.append(piece)
            self._position += len(piece)
        return b"".join(pieces)
