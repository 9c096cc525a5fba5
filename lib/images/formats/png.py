"""PNG and APNG headers: size, profile, orientation, transparency, frames.

Only the chunks that make pixels are handed to a decoder; a still needs no animation chunks.
"""

import struct
import zlib
from collections.abc import Iterator

from lib.images import exif
from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated

_SIGNATURE = 8
_STILL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}
# libpng writes IDATs of 8 KB: this many make a file of 400 MB, and reading them takes 50 ms.
_MAX_CHUNKS = 50_000
# Compressed metadata may unfold to this, all of it together: the largest profiles are 3 MB, and
# an XMP block of Photoshop's seldom as much.
MAX_UNFOLDED = 4 << 20
# It is unfolded so much at a time. A block counts as 1 KB at least: finding where it begins takes
# as long as unfolding that.
_PIECE, _LEAST = 16 << 10, 1 << 10
# Bits that a sample may have -> what brings it to 8 bits; by multiplication, as PNG demands.
_TO_8_BITS = {1: 255, 2: 85, 4: 17, 8: 1}
_PALETTE, _DEEP = 3, 16
# Colour types whose tRNS is one colour -> its samples.
_GREY_OR_RGB = {0: 1, 2: 3}


def read(source: bytes) -> Header:
    """Walk all chunks; their pixels are not looked at."""
    if len(source) < _SIGNATURE + 25:
        raise truncated(Codec.PNG)
    length, name, width, height, depth, colour = struct.unpack_from(">L4sLLBB", source, _SIGNATURE)
    if (length, name) != (13, b"IHDR") or not width or not height:
        raise corrupt(Codec.PNG, "its first chunk is no header")
    facts = _Facts(depth, colour)
    still, moving = _Spans(source), _Spans(source)
    chunk = b""
    for chunk, start, end in _chunks(source):
        facts.take(chunk, memoryview(source)[start + 8 : max(start + 8, end - 4)])
        if chunk in _STILL or (chunk == b"tRNS" and colour == _PALETTE):
            still.add(start, end)
            moving.add(start, end)
        elif chunk in _ANIMATION:
            moving.add(start, end)
    complete = chunk == b"IEND"
    if facts.has_pixels and colour == _PALETTE and not facts.has_palette:
        raise corrupt(Codec.PNG, "its palette is missing")
    if not facts.has_pixels:
        raise corrupt(Codec.PNG, "it holds no pixels") if complete else truncated(Codec.PNG)
    return Header(
        codec=Codec.PNG,
        width=width,
        height=height,
        parts=still.parts(),
        moving_parts=moving.parts(),
        orientation=facts.orientation(),
        profile=facts.profile,
        complete=complete,
        frames=facts.frames,
        transparent_colour=facts.transparent_colour,
        deep=depth == _DEEP,
    )


def _chunks(source: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk; the last one may be cut off."""
    at = _SIGNATURE
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
    """Slices of a file; neighbours become one, so that ten thousand IDATs are one slice."""

    def __init__(self, source: bytes) -> None:
        self._source = memoryview(source)
        self._spans = [(0, _SIGNATURE)]

    def add(self, start: int, end: int) -> None:
        """One more chunk."""
        before, last = self._spans[-1]
        if last == start:
            self._spans[-1] = before, end
        else:
            self._spans.append((start, end))

    def parts(self) -> list[memoryview]:
        """The slices, as views."""
        return [self._source[start:end] for start, end in self._spans]


class _Facts:
    """What the chunks beside the pixels say, with a bound on what they may unfold to."""

    def __init__(self, depth: int, colour: int) -> None:
        self._depth = depth
        self._colour = colour
        self._left = MAX_UNFOLDED
        self.has_pixels = self.has_palette = False
        self._exif: list[bytes] = []
        self.profile: bytes | None = None
        self.frames = 1
        self.transparent_colour: tuple[int, ...] | None = None

    def take(self, name: bytes, data: memoryview) -> None:
        """Note what one chunk says."""
        if name == b"IDAT":
            self.has_pixels = True
        elif name == b"PLTE":
            # Behind the pixels it comes too late.
            self.has_palette |= len(data) >= 3 and not self.has_pixels  # noqa: PLR2004  a colour
        elif name == b"iCCP":
            self.profile = self._unfold(data)
        elif name == b"zTXt" or (name == b"iTXt" and _is_compressed(data)):
            self._unfold(data)
        elif name == b"eXIf":
            self._exif += [bytes(data)] if len(self._exif) < exif.MAX_BLOCKS else []
        elif name == b"acTL" and len(data) >= 8 and not self.has_pixels:  # noqa: PLR2004  8 bytes
            self.frames = int.from_bytes(data[:4], "big")
        elif name == b"tRNS" and self._colour in _GREY_OR_RGB:
            self.transparent_colour = self._key(data)

    def orientation(self) -> int:
        """EXIF's 1-8, from the first block that can be read."""
        return exif.orientation(*self._exif)

    def _unfold(self, data: memoryview) -> bytes | None:
        """The deflated block behind a name; None if it is broken, which harms no pixel."""
        body = bytes(data)
        unfolder = zlib.decompressobj()
        rest, block = body[_deflated_at(body) :], bytearray()
        while rest and not unfolder.eof:
            # Spent before it is known to be sound: a piece that breaks off has taken as long.
            self._spend(_PIECE)
            try:
                piece = unfolder.decompress(rest, _PIECE)
            except zlib.error:
                return None
            self._left += _PIECE - max(len(piece), _LEAST)
            block += piece
            rest = unfolder.unconsumed_tail
        return bytes(block)

    def _spend(self, unfolded: int) -> None:
        self._left -= unfolded
        if self._left <= 0:
            raise metadata_bomb(
                Codec.PNG, f"compressed metadata that unfolds to more than {MAX_UNFOLDED:,} bytes"
            )

    def _key(self, data: memoryview) -> tuple[int, ...] | None:
        """The see-through colour.

        Up to 8 bits it is scaled to 8: Pillow compares it unscaled with scaled pixels.
        """
        samples = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2)]
        if len(samples) != _GREY_OR_RGB[self._colour]:
            return None
        if self._depth == _DEEP:
            return tuple(samples)
        return tuple(sample * _TO_8_BITS.get(self._depth, 1) & 255 for sample in samples)


def _is_compressed(data: memoryview) -> bool:
    """Whether an iTXt's flag, which stands behind its keyword, says so."""
    body = bytes(data[:128])
    return body[body.find(b"\0") + 1 : body.find(b"\0") + 2] == b"\1"


def _deflated_at(body: bytes) -> int:
    """Where a zlib stream begins: behind names and flags of up to some hundred bytes.

    iCCP and zTXt have name, NUL, method; iTXt has two more strings. The streams' first bytes,
    0x?8 and a check digit, are looked for behind the first NUL.
    """
    at = body.find(b"\0") + 1
    for start in range(at, min(at + 256, len(body) - 1)):
        if body[start] & 15 == 8 and not (body[start] * 256 + body[start + 1]) % 31:  # noqa: PLR2004  RFC 1950
            return start
    return at + 1
