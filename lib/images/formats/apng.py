"""The frames of an animated PNG, each as a PNG of its own."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

from lib.images.header import Header
from lib.images.parts import Disposal, Part, Parts

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CONTROL_BYTES = 26
_DISPOSALS = [Disposal.KEEP, Disposal.CLEAR, Disposal.RESTORE]
_WITH_ALPHA = {4, 6}  # colour types
# What frames share, and the most bytes of it: 256 colours, and their alpha. Every frame gets it
# anew, so of more or longer ones the files of all frames together would have no bound.
_SHARED = {b"PLTE": 3 * 256, b"tRNS": 256}


def read(header: Header) -> Parts:
    """As many frames as the header counts, from its moving parts."""
    walk = _Walk(header)
    for name, whole, data in _chunks(header):
        if len(walk.frames) == header.frames:
            break
        walk.take(name, whole, data)
    else:
        walk.finish()
    if len(walk.frames) < header.frames:
        raise header.undecodable(f"it has {len(walk.frames)} frames of {header.frames:,}")
    size = header.width, header.height
    frames = walk.frames
    opaque = not walk.alpha and header.transparent_colour is None
    if opaque and _covers(frames[0], size) and all(_stays(frame) for frame in frames):
        return Parts(frames, size, (0, 0, 0), walk.plays)
    return Parts(frames, size, (0, 0, 0, 0), walk.plays)


def _covers(frame: Part, size: tuple[int, int]) -> bool:
    return (frame.header.width, frame.header.height) == size


def _stays(frame: Part) -> bool:
    return frame.disposal is Disposal.KEEP


def _chunks(header: Header) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Name, whole and data of each chunk."""
    for part in header.moving_parts or ():
        view = memoryview(part)
        at = len(_SIGNATURE) if bytes(view[:8]) == _SIGNATURE else 0
        while at + 8 <= len(view):
            length, name = struct.unpack_from(">L4s", view, at)
            end = at + 12 + length
            yield name, view[at:end], view[at + 8 : end - 4]
            at = end


class _Walk:
    """Chunk by chunk through the moving parts: what all frames share, and the frames."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._shared: dict[bytes, memoryview] = {}
        self._facts = b""
        self._control: memoryview | None = None
        self._data: list[memoryview] = []
        self.frames: list[Part] = []
        self.plays = 0
        self.alpha = False

    def take(self, name: bytes, whole: memoryview, data: memoryview) -> None:
        """Note one chunk; a frame ends where the next begins."""
        if name == b"IHDR":
            self._facts = bytes(data[8:13])
            self.alpha = self._facts[1] in _WITH_ALPHA
        elif name in _SHARED:
            if len(data) <= _SHARED[name]:
                self._shared.setdefault(name, whole)
            self.alpha |= name == b"tRNS"
        elif name == b"acTL" and len(data) >= 8:  # noqa: PLR2004  frames and plays
            self.plays = int.from_bytes(data[4:8], "big")
        elif name == b"fcTL":
            self.finish()
            self._control = data
        elif name == b"IDAT" and self._control is not None:
            self._data.append(data)
        elif name == b"fdAT":
            self._data.append(data[4:])

    def finish(self) -> None:
        """End the frame that is being read."""
        control, data = self._control, self._data
        self._control, self._data = None, []
        if control is None:
            return
        if len(control) < _CONTROL_BYTES:
            raise self._header.undecodable("a frame's header is too short")
        _, width, height, left, top, time, scale, disposal, over = struct.unpack_from(
            ">LLLLLHHBB", control
        )
        right, bottom = left + width, top + height
        if not width or not height or right > self._header.width or bottom > self._header.height:
            raise self._header.undecodable("a frame does not fit into its picture")
        header = _chunk(b"IHDR", struct.pack(">LL", width, height) + self._facts)
        parts: list[bytes | memoryview] = [_SIGNATURE, header, *self._shared.values()]
        parts.append(struct.pack(">L4s", sum(map(len, data)), b"IDAT"))
        parts.extend(data)
        # Pillow does not look at the check sums of pixels.
        parts.extend([bytes(4), _chunk(b"IEND", b"")])
        still = replace(
            self._header,
            width=width,
            height=height,
            parts=parts,
            moving_parts=None,
            frames=1,
        )
        after = _DISPOSALS[disposal] if disposal < len(_DISPOSALS) else Disposal.KEEP
        milliseconds = round(1000 * time / (scale or 100))
        self.frames.append(Part(still, (left, top), milliseconds, after, over == 1))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))
