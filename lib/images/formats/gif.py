"""Reads GIF headers: the size of the canvas, and the number of frames."""

import re
import struct

from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated

_HEADER = 13
_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_BLOCK = re.compile(rb"[!,;]")
# Blocks and bytes without pixels, or with few: extensions, their sub-blocks, short sub-blocks of
# pixels, and bytes between blocks. Pillow reads each in Python: this many take 50 ms, and hold
# 16 MB of comments and XMP.
_MAX_STEPS = 65_536
# Sub-blocks of fewer bytes are steps. Encoders write pixels in sub-blocks of 255 bytes, many of
# 254, the simplest of 127; only the last one of a frame is short.
_SHORT, _ANY = 64, 256
# Frames counted at most: this many exceed every limit of time and memory.
MAX_COUNTED = 10_000


def read(source: bytes) -> Header:
    """Walks all blocks, skipping their content."""
    if len(source) < _HEADER:
        raise truncated(Codec.GIF)
    width, height, flags = struct.unpack_from("<HHB", source, 6)
    walk = _Walk(source, _HEADER + palette_bytes(flags), width, height)
    try:
        walk.run()
    except IndexError:
        walk.complete = False
    if not walk.frames:
        raise truncated(Codec.GIF)
    if not walk.width or not walk.height:
        raise corrupt(Codec.GIF, "it has no size")
    return Header(
        codec=Codec.GIF,
        width=walk.width,
        height=walk.height,
        parts=[source],
        complete=walk.complete,
        frames=walk.frames,
    )


def palette_bytes(flags: int) -> int:
    """Returns the bytes of the palette that a flag byte declares."""
    return 3 << ((flags & 7) + 1) if flags & 128 else 0


class _Walk:
    """Walks the blocks of a GIF; raises IndexError if it is truncated."""

    def __init__(self, source: bytes, at: int, width: int, height: int) -> None:
        self._source = source
        self._at = at
        self._left = _MAX_STEPS
        self.width, self.height = width, height
        self.frames = 0
        self.complete = True

    def run(self) -> None:
        """Walks to the trailer; skips bytes that are no block, as Pillow does."""
        while self.frames < MAX_COUNTED:
            kind = self._find_block()
            if kind == _END:
                return
            if kind == _IMAGE:
                self._take_frame()
            else:
                self._spend(1)
                self._at += 2
                self._skip_blocks(_ANY)

    def _find_block(self) -> int:
        """Moves to the next block, and returns its kind."""
        match = _BLOCK.search(self._source, self._at, self._at + self._left + 1)
        end = match.start() if match else len(self._source)
        self._spend(end - self._at)
        self._at = end
        return self._source[end]

    def _take_frame(self) -> None:
        if self._at + 10 > len(self._source):
            raise IndexError
        left, top, width, height, flags = struct.unpack_from("<HHHHB", self._source, self._at + 1)
        # In Pillow, a frame beyond the canvas enlarges it.
        self.width, self.height = max(self.width, left + width), max(self.height, top + height)
        self.frames += 1
        self._at += 11 + palette_bytes(flags)
        self._skip_blocks(_SHORT)

    def _skip_blocks(self, short: int) -> None:
        """Skips a chain of sub-blocks; those of fewer than `short` bytes are steps."""
        source, at = self._source, self._at
        while length := source[at]:
            at += length + 1
            if length < short:
                self._spend(1)
        self._at = at + 1

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise metadata_bomb(
                Codec.GIF, f"more than {_MAX_STEPS:,} blocks and bytes that hold no pixels"
            )
