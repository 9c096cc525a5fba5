"""Reads the frames of an animated PNG, each as a PNG of its own."""

import struct
import zlib
from dataclasses import replace

from lib.images.formats import png
from lib.images.header import Header
from lib.images.parts import Disposal, Part, Parts

_CONTROL_BYTES = 26
_DISPOSALS = [Disposal.KEEP, Disposal.CLEAR, Disposal.RESTORE]
_WITH_ALPHA = {4, 6}  # colour types
# Chunks that all frames share, and their maximum bytes: 256 colours, and their alpha. Each frame's
# file gets a copy, so their length must be bounded.
_SHARED = {b"PLTE": 3 * 256, b"tRNS": 256}


def read(header: Header) -> Parts:
    """Reads the frames; raises PermanentError if there are fewer than the header declares."""
    reader = _Reader(header)
    for name, whole, data in png.read_chunks(header.moving_parts or ()):
        if len(reader.frames) == header.frames:
            break
        reader.add_chunk(name, whole, data)
    else:
        reader.end_frame()
    if len(reader.frames) < header.frames:
        raise header.undecodable(f"it has {len(reader.frames):,} of {header.frames:,} frames")
    size = header.width, header.height
    frames = reader.frames
    opaque = not reader.alpha and header.transparent_colour is None
    if opaque and _covers(frames[0], size) and all(_stays(frame) for frame in frames):
        return Parts(frames, size, (0, 0, 0), reader.plays)
    return Parts(frames, size, (0, 0, 0, 0), reader.plays)


def _covers(frame: Part, size: tuple[int, int]) -> bool:
    return (frame.header.width, frame.header.height) == size


def _stays(frame: Part) -> bool:
    return frame.disposal is Disposal.KEEP


class _Reader:
    """Collects the shared chunks and the frames of an animation."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._shared: dict[bytes, memoryview] = {}
        self._header_fields = b""
        self._control: memoryview | None = None
        self._data: list[memoryview] = []
        self.frames: list[Part] = []
        self.plays = 0
        self.alpha = False

    def add_chunk(self, name: bytes, whole: memoryview, data: memoryview) -> None:
        """Adds one chunk; the next frame's control chunk ends a frame."""
        if name == b"IHDR":
            self._header_fields = bytes(data[8:13])
            self.alpha = self._header_fields[1] in _WITH_ALPHA
        elif name in _SHARED:
            if len(data) <= _SHARED[name]:
                self._shared.setdefault(name, whole)
            self.alpha |= name == b"tRNS"
        elif name == b"acTL" and len(data) >= 8:  # noqa: PLR2004  frames and plays
            self.plays = int.from_bytes(data[4:8], "big")
        elif name == b"fcTL":
            self.end_frame()
            self._control = data
        elif name == b"IDAT" and self._control is not None:
            self._data.append(data)
        elif name == b"fdAT":
            self._data.append(data[4:])

    def end_frame(self) -> None:
        """Adds the frame that is being read, if there is one."""
        control, data = self._control, self._data
        self._control, self._data = None, []
        if control is None:
            return
        if len(control) < _CONTROL_BYTES:
            raise self._header.undecodable("a frame's header is too short")
        _, width, height, left, top, time, scale, disposal, blend = struct.unpack_from(
            ">LLLLLHHBB", control
        )
        right, bottom = left + width, top + height
        if not width or not height or right > self._header.width or bottom > self._header.height:
            raise self._header.undecodable("a frame does not fit into its picture")
        header = _chunk(b"IHDR", struct.pack(">LL", width, height) + self._header_fields)
        parts: list[bytes | memoryview] = [png.SIGNATURE, header, *self._shared.values()]
        parts.append(struct.pack(">L4s", sum(map(len, data)), b"IDAT"))
        parts.extend(data)
        # Pillow ignores the checksums of pixels.
        parts.extend([bytes(4), _chunk(b"IEND", b"")])
        still = replace(
            self._header,
            width=width,
            height=height,
            parts=parts,
            moving_parts=None,
            frames=1,
        )
        method = _DISPOSALS[disposal] if disposal < len(_DISPOSALS) else Disposal.KEEP
        milliseconds = round(1000 * time / (scale or 100))
        self.frames.append(Part(still, (left, top), milliseconds, method, blend == 1))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))
