"""GIF headers: the size that all frames need, and how many there are."""

import struct

from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated

_HEADER = 13
_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
# Sub-blocks that hold no pixels, such as comments and XMP: at 255 bytes each 16 MB. They may be
# 1 byte long, and Pillow reads each with a call in Python: this many take it 50 ms.
_MAX_ASIDE = 65_536
# A frame is 10 bytes at least; where counting stops, every budget has long been exceeded.
MAX_COUNTED = 100_000


def read(source: bytes) -> Header:
    """Walk all blocks, skipping what they hold."""
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
    """Bytes of the palette that a flag byte announces."""
    return 3 << ((flags & 7) + 1) if flags & 128 else 0


class _Walk:
    """Block by block through a GIF; IndexError where it breaks off."""

    def __init__(self, source: bytes, at: int, width: int, height: int) -> None:
        self._source = source
        self._at = at
        self._aside = 0
        self.width, self.height = width, height
        self.frames = 0
        self.complete = True

    def run(self) -> None:
        """To the trailer, or to what is no block: Pillow stops there too."""
        while self.frames < MAX_COUNTED:
            kind = self._source[self._at]
            if kind == _EXTENSION:
                self._at += 2
                self._aside += self._skip_blocks()
                if self._aside > _MAX_ASIDE:
                    raise metadata_bomb(Codec.GIF, f"more than {_MAX_ASIDE:,} blocks of metadata")
            elif kind == _IMAGE:
                self._take_frame()
            elif kind == _END:
                return
            else:
                self._at += 1

    def _take_frame(self) -> None:
        if self._at + 10 > len(self._source):
            raise IndexError
        left, top, width, height, flags = struct.unpack_from("<HHHHB", self._source, self._at + 1)
        # Pillow lets a frame that sticks out make the picture larger.
        self.width, self.height = max(self.width, left + width), max(self.height, top + height)
        self.frames += 1
        self._at += 11 + palette_bytes(flags)
        self._skip_blocks()

    def _skip_blocks(self) -> int:
        """Past a chain of sub-blocks; gives how many they were."""
        source, at, blocks = self._source, self._at, 0
        while length := source[at]:
            at += length + 1
            blocks += 1
        self._at = at + 1
        return blocks
