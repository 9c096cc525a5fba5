"""Reads the frames of a GIF, each as a GIF of its own."""

import re
import struct
from typing import NamedTuple

from lib.images.formats.gif import palette_bytes
from lib.images.header import Codec, Header, corrupt, truncated
from lib.images.parts import Disposal, Part, Parts

_SCREEN = 13
_BLOCK = re.compile(rb"[!,;]")
_EXTENSION, _IMAGE = b"!", b","
_CONTROL, _APPLICATION = 0xF9, 0xFF
# Names of the extension with the number of repeats.
_LOOPS = {b"NETSCAPE2.0", b"ANIMEXTS1.0"}
# 4 is unassigned; some encoders write it for 3, and browsers read it as 3.
_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE, 4: Disposal.RESTORE}
_PALETTE, _INTERLACED = 0x80, 0x40


class _Control(NamedTuple):
    """The graphic control extension of a frame; the defaults apply without one."""

    disposal: Disposal = Disposal.KEEP
    milliseconds: int = 0
    transparent: int | None = None


_DEFAULT = _Control()


def read(header: Header) -> Parts:
    """Reads the frames; raises PermanentError if there are fewer than the header declares."""
    walk = _Walk(bytes(header.parts[0]))
    if walk.truncated:
        raise truncated(Codec.GIF)
    if len(walk.frames) < header.frames:
        raise header.undecodable(f"it has {len(walk.frames):,} of {header.frames:,} frames")
    first = walk.frames[0]
    width = max(walk.width, first.corner[0] + first.header.width)
    height = max(walk.height, first.corner[1] + first.header.height)
    if not width or not height:
        raise corrupt(Codec.GIF, "it has no size")
    # Browsers clear to transparency; only a GIF that is opaque throughout has a background.
    background = (0, 0, 0, 0) if walk.transparent else walk.background
    return Parts(walk.frames[: header.frames], (width, height), background, walk.plays)


class _Walk:
    """Walks the blocks of a GIF, whose number `gif.read` has bounded."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.width, self.height, flags, number = struct.unpack_from("<HHBB", source, 6)
        self._palette = source[_SCREEN : _SCREEN + palette_bytes(flags)]
        self.background = tuple(self._palette[3 * number : 3 * number + 3].ljust(3, b"\0"))
        self.frames: list[Part] = []
        self.transparent = self.truncated = False
        self.plays = 1
        self._control = _DEFAULT
        at = _SCREEN + len(self._palette)
        while (block := _BLOCK.search(source, at)) and block.group() != b";":
            take = self._take_extension if block.group() == _EXTENSION else self._take_frame
            at = take(block.end())
        # A GIF without a trailer may end after a frame, but not after a control extension.
        self.truncated |= block is None and self._control is not _DEFAULT

    def _take_extension(self, at: int) -> int:
        kind, end = self._source[at : at + 1], self._end_of_blocks(at + 1)
        size = self._source[at + 1 : at + 2]
        body = self._source[at + 2 : min(at + 2 + size[0], end)] if size else b""
        if kind and kind[0] == _CONTROL and len(body) >= 4:  # noqa: PLR2004  flags, delay, index
            flags, delay, index = struct.unpack_from("<BHB", body)
            disposal = _DISPOSALS.get(flags >> 2 & 7, Disposal.KEEP)
            self._control = _Control(disposal, delay * 10, index if flags & 1 else None)
        elif kind and kind[0] == _APPLICATION and body in _LOOPS:
            loop = self._source[at + 13 : min(at + 17, end)]
            if loop[:2] == b"\3\1" and len(loop) == 4:  # noqa: PLR2004  size, number, count
                # The repeats after the first play; 0 is for ever.
                repeats = int.from_bytes(loop[2:], "little")
                self.plays = repeats + 1 if repeats else 0
        return end

    def _take_frame(self, at: int) -> int:
        if at + 10 > len(self._source):
            self.truncated = True
            return len(self._source)
        left, top, width, height, flags = struct.unpack_from("<HHHHB", self._source, at)
        data_at = at + 9 + palette_bytes(flags)
        palette = self._source[at + 9 : data_at] or self._palette
        end = self._end_of_blocks(data_at + 1)
        control, self._control = self._control, _DEFAULT
        head = _head(width, height, palette, control.transparent, flags & _INTERLACED)
        data = memoryview(self._source)[data_at:end]
        still = Header(codec=Codec.GIF, width=width, height=height, parts=[head, data, b";"])
        self.frames.append(Part(still, (left, top), control.milliseconds, control.disposal))
        self.transparent |= control.transparent is not None
        return end

    def _end_of_blocks(self, at: int) -> int:
        """Returns the end of a chain of sub-blocks, which may be past the end of the file."""
        source, last = self._source, len(self._source)
        while at < last and (length := source[at]):
            at += length + 1
        self.truncated |= at >= last
        return at + 1


def _head(
    width: int, height: int, palette: bytes, transparent: int | None, interlaced: int
) -> bytes:
    """Builds the head of a GIF of one frame, up to its pixels."""
    flags = _PALETTE | (len(palette) // 3).bit_length() - 2 if palette else 0
    head = struct.pack("<6sHHBBB", b"GIF89a", width, height, flags, 0, 0) + palette
    if transparent is not None:
        head += struct.pack("<BBBBHBB", 0x21, _CONTROL, 4, 1, 0, transparent, 0)
    return head + struct.pack("<cHHHHB", _IMAGE, 0, 0, width, height, interlaced)
