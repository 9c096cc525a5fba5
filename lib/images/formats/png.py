"""Reads PNG and APNG headers: size, profile, orientation, transparency and frames.

Only the chunks that decoding needs reach a decoder.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator

from lib.images import exif
from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_START = len(SIGNATURE)
_STILL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}
# libpng writes IDATs of 8 KB: this many make a file of 400 MB, and reading them takes 50 ms.
_MAX_CHUNKS = 50_000
# Bytes of all inflated metadata together: the largest profiles have 3 MB, XMP of Photoshop rarely
# as much.
MAX_INFLATED = 4 << 20
# Bytes inflated at a time. A block counts as 1 KB at least: finding its start takes as long.
_PIECE, _MIN_BLOCK = 16 << 10, 1 << 10
# Factor that scales a sample to 8 bits, by the sample's bits.
_TO_8_BITS = {1: 255, 2: 85, 4: 17, 8: 1}
_PALETTE, _DEEP = 3, 16
# Number of samples of tRNS, by the colour types whose tRNS is one colour.
_GREY_OR_RGB = {0: 1, 2: 3}


def read(source: bytes) -> Header:
    """Walks all chunks, skipping pixels."""
    if len(source) < _START + 25:
        raise truncated(Codec.PNG)
    length, name, width, height, depth, colour = struct.unpack_from(">L4sLLBB", source, _START)
    if (length, name) != (13, b"IHDR") or not width or not height:
        raise corrupt(Codec.PNG, "its first chunk is no header")
    metadata = _Metadata(depth, colour)
    still, moving = _Spans(source), _Spans(source)
    chunk = b""
    for chunk, start, end in _chunks(source):
        metadata.add_chunk(chunk, memoryview(source)[start + 8 : max(start + 8, end - 4)])
        if chunk in _STILL or (chunk == b"tRNS" and colour == _PALETTE):
            still.add(start, end)
            moving.add(start, end)
        elif chunk in _ANIMATION:
            moving.add(start, end)
    complete = chunk == b"IEND"
    if metadata.has_pixels and colour == _PALETTE and not metadata.has_palette:
        raise corrupt(Codec.PNG, "its palette is missing")
    if not metadata.has_pixels:
        raise corrupt(Codec.PNG, "it holds no pixels") if complete else truncated(Codec.PNG)
    return Header(
        codec=Codec.PNG,
        width=width,
        height=height,
        parts=still.parts(),
        moving_parts=moving.parts(),
        orientation=metadata.orientation(),
        profile=metadata.profile,
        complete=complete,
        frames=metadata.frames,
        transparent_colour=metadata.transparent_colour,
        deep=depth == _DEEP,
    )


def read_chunks(
    parts: Iterable[bytes | memoryview],
) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Yields the name, the bytes and the data of each chunk of a header's parts."""
    for part in parts:
        view = memoryview(part)
        at = _START if view[:_START] == SIGNATURE else 0
        while at + 8 <= len(view):
            length, name = struct.unpack_from(">L4s", view, at)
            end = at + 12 + length
            yield name, view[at:end], view[at + 8 : end - 4]
            at = end


def _chunks(source: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yields the name, start and end of each chunk; the last one may be truncated."""
    at = _START
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(source):
            return
        length, name = struct.unpack_from(">L4s", source, at)
        end = at + 12 + length
        yield name, at, min(end, len(source))
        if name == b"IEND" or end > len(source):
            return
        at = end
    raise metadata_bomb(Codec.PNG, f"more than {_MAX_CHUNKS:,} chunks")


class _Spans:
    """Slices of a file; adjacent ones are merged, so that ten thousand IDATs are one slice."""

    def __init__(self, source: bytes) -> None:
        self._source = memoryview(source)
        self._spans = [(0, _START)]

    def add(self, start: int, end: int) -> None:
        """Adds a chunk."""
        before, last = self._spans[-1]
        if last == start:
            self._spans[-1] = before, end
        else:
            self._spans.append((start, end))

    def parts(self) -> list[memoryview]:
        """Returns the slices as views."""
        return [self._source[start:end] for start, end in self._spans]


class _Metadata:
    """Reads the chunks beside the pixels, and bounds their inflated size."""

    def __init__(self, depth: int, colour: int) -> None:
        self._depth = depth
        self._colour = colour
        self._left = MAX_INFLATED
        self.has_pixels = self.has_palette = False
        self._exif: list[bytes] = []
        self.profile: bytes | None = None
        self.frames = 1
        self.transparent_colour: tuple[int, ...] | None = None

    def add_chunk(self, name: bytes, data: memoryview) -> None:
        """Reads one chunk."""
        if name == b"IDAT":
            self.has_pixels = True
        elif name == b"PLTE":
            # A palette after the pixels does not count.
            self.has_palette |= len(data) >= 3 and not self.has_pixels  # noqa: PLR2004  a colour
        elif name == b"iCCP":
            self.profile = self._inflate(data)
        elif name == b"zTXt" or (name == b"iTXt" and _is_compressed(data)):
            self._inflate(data)
        elif name == b"eXIf":
            self._exif += [bytes(data)] if len(self._exif) < exif.MAX_BLOCKS else []
        elif name == b"acTL" and len(data) >= 8 and not self.has_pixels:  # noqa: PLR2004  8 bytes
            self.frames = int.from_bytes(data[:4], "big")
        elif name == b"tRNS" and self._colour in _GREY_OR_RGB:
            self.transparent_colour = self._key(data)

    def orientation(self) -> int:
        """Returns EXIF's 1-8 from the first readable block."""
        return exif.orientation(*self._exif)

    def _inflate(self, data: memoryview) -> bytes | None:
        """Inflates the block after a name; returns None if it is broken, which harms no pixel."""
        body = bytes(data)
        inflater = zlib.decompressobj()
        rest, block = body[_find_zlib(body) :], bytearray()
        while rest and not inflater.eof:
            # Spent in advance: a piece that turns out to be broken takes as long.
            self._spend(_PIECE)
            try:
                piece = inflater.decompress(rest, _PIECE)
            except zlib.error:
                return None
            self._left += _PIECE - max(len(piece), _MIN_BLOCK)
            block += piece
            rest = inflater.unconsumed_tail
        return bytes(block)

    def _spend(self, inflated: int) -> None:
        self._left -= inflated
        if self._left <= 0:
            raise metadata_bomb(
                Codec.PNG, f"compressed metadata that unfolds to more than {MAX_INFLATED:,} bytes"
            )

    def _key(self, data: memoryview) -> tuple[int, ...] | None:
        """Returns the transparent colour, scaled to 8 bits as Pillow scales pixels."""
        samples = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2)]
        if len(samples) != _GREY_OR_RGB[self._colour]:
            return None
        if self._depth == _DEEP:
            return tuple(samples)
        return tuple(sample * _TO_8_BITS.get(self._depth, 1) & 255 for sample in samples)


def _is_compressed(data: memoryview) -> bool:
    """Returns an iTXt's flag of compression, which follows its keyword."""
    body = bytes(data[:128])
    return body[body.find(b"\0") + 1 : body.find(b"\0") + 2] == b"\1"


def _find_zlib(body: bytes) -> int:
    """Returns the start of a zlib stream, which follows some hundred bytes of names and flags.

    iCCP and zTXt have a name, NUL and a method; iTXt has two more strings. The search begins after
    the first NUL, and looks for the stream's first bytes: 0x?8 and a check digit.
    """
    at = body.find(b"\0") + 1
    for start in range(at, min(at + 256, len(body) - 1)):
        if body[start] & 15 == 8 and not (body[start] * 256 + body[start + 1]) % 31:  # noqa: PLR2004  RFC 1950
            return start
    return at + 1
