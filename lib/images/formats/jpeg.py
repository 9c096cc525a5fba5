"""JPEG headers: size, colour profile, orientation, scans; and a way to decode fewer rows.

Only the segments that make pixels are handed to a decoder. So an MPO, an Ultra HDR or a motion
photo is simply its primary picture, and no comment, EXIF or XMP gets any further.
"""

import re
import struct
from dataclasses import dataclass, replace

from lib.errors import PermanentError, Reason
from lib.images import exif
from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated, unsupported

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_TABLES = {0xC4, 0xDB, 0xDD}  # Huffman, quantization, restart interval
_SEQUENTIAL, _PROGRESSIVE = {0xC0, 0xC1}, 0xC2
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3}
# Arithmetic coding, hierarchical and so on: no browser shows them and no camera writes them, but
# they decode at a tenth of the speed. 0xCC are arithmetic coding's tables.
_UNUSUAL_FRAMES = set(range(0xC5, 0xD0)) - {0xC8, 0xCC}
# Grey, YCbCr or RGB, CMYK or YCCK.
_COMPONENTS = {1, 3, 4}
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
# What tells libjpeg how colours are stored.
_COLOUR_SPACES = {_APP0: b"JFIF\0", _APP14: b"Adobe"}
# Markers without a length: fill bytes, stuffing, TEM, restarts, a second start.
_BARE = {0x00, 0x01, *range(0xD0, 0xD9)}

# 255 segments of a profile, some hundred of extended XMP and of MPF: no file needs more.
_MAX_SEGMENTS = 4096
# The usual scripts have 10 scans, mozjpeg's up to 16.
_USUAL_SCANS, MAX_SCANS = 10, 64
# Each scan is a pass over all pixels, even if it is empty: 0.9 ns per pixel and component, so
# this many take 3 to 9 s. 10 scans of 300 MP, or 64 of 47.
MAX_SCANNED = 3_000_000_000

# In entropy-coded data every 0xFF is followed by 0 (stuffing) or is a restart.
_MARKER = re.compile(rb"\xff[^\xff\x00\xd0-\xd7]")


@dataclass(frozen=True, kw_only=True)
class JpegHeader(Header):
    """A JPEG's header.

    `coefficients` are bytes that libjpeg keeps for the whole picture when its scans do not bring
    all colours at once, whatever the scale; `size_at` is where the frame's height stands in
    the first part.
    """

    components: int
    coefficients: int
    size_at: int

    @property
    def single_scan(self) -> bool:
        """Whether rows come one after the other, so that decoding can stop at any of them."""
        return not self.coefficients

    def first_rows(self, rows: int) -> "JpegHeader":
        """The same photo, ending after `rows`: libjpeg then skips what follows."""
        head = bytearray(self.parts[0])
        struct.pack_into(">H", head, self.size_at, rows)
        return replace(self, height=rows, parts=(bytes(head), *self.parts[1:]))


def read(source: bytes) -> JpegHeader:
    """Walk the segments up to the first scan."""
    walk = _Walk(source)
    scan_at = walk.to_first_scan()
    frame = walk.frame
    if frame is None:
        raise corrupt(Codec.JPEG, "no frame header")
    marker, height, width, sampling = frame
    buffered = marker == _PROGRESSIVE or source[scan_at + 4] != len(sampling)
    if buffered and not _scans_are_complete(source, scan_at, len(sampling), width * height):
        raise truncated(Codec.JPEG)
    return JpegHeader(
        codec=Codec.JPEG,
        width=width,
        height=height,
        parts=(b"\xff\xd8" + b"".join(walk.kept), memoryview(source)[scan_at:]),
        orientation=walk.orientation(),
        profile=walk.profile(),
        # From the end, where it is in all but a few files: 4 ms less in a 5 MB one.
        complete=buffered or source.rfind(b"\xff\xd9", scan_at) >= 0,
        components=len(sampling),
        coefficients=_coefficients(width, height, sampling) if buffered else 0,
        size_at=walk.size_at,
    )


class _Walk:
    """The segments before the first scan, sorted into what makes pixels and what tells of them."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.kept: list[bytes] = []
        self.frame: tuple[int, int, int, list[tuple[int, int]]] | None = None
        self.size_at = 0
        self._exif: list[bytes] = []
        self._profile: list[bytes] = []

    def to_first_scan(self) -> int:
        """Read all segments; gives where the first scan's marker stands."""
        at = 2
        for _ in range(_MAX_SEGMENTS):
            at = self._next_marker(at)
            marker = self._source[at + 1]
            if marker == _SOS:
                if at + 5 > len(self._source):
                    raise truncated(Codec.JPEG)
                return at
            if marker == _EOI:
                raise corrupt(Codec.JPEG, "it ends before its pixels begin")
            length = int.from_bytes(self._source[at + 2 : at + 4], "big")
            if at + 2 + max(length, 2) > len(self._source):
                raise truncated(Codec.JPEG)
            self._take(marker, self._source[at : at + 2 + length])
            at += 2 + max(length, 2)
        raise metadata_bomb(Codec.JPEG, f"more than {_MAX_SEGMENTS} segments before its pixels")

    def _next_marker(self, at: int) -> int:
        """Where the next marker stands; what lies between segments is skipped, as libjpeg does."""
        while 0 <= (at := self._source.find(b"\xff", at)) < len(self._source) - 1:
            marker = self._source[at + 1]
            if marker == 0xFF:  # noqa: PLR2004  a fill byte
                at += 1
            elif marker in _BARE:
                at += 2
            else:
                return at
        raise truncated(Codec.JPEG)

    def _take(self, marker: int, segment: bytes) -> None:
        body = segment[4:]
        if marker in _FRAMES or marker in _UNUSUAL_FRAMES:
            self._take_frame(marker, segment)
        elif marker in _TABLES or body.startswith(_COLOUR_SPACES.get(marker, segment)):
            self.kept.append(segment)
        elif marker == _APP1 and body.startswith(b"Exif\0\0"):
            self._exif += [body] if len(self._exif) < exif.MAX_BLOCKS else []
        elif marker == _APP2 and body.startswith(b"ICC_PROFILE\0"):
            self._profile.append(body[12:])

    def _take_frame(self, marker: int, segment: bytes) -> None:
        if len(segment) < 10 or self.frame:  # noqa: PLR2004  precision, height, width, components
            raise corrupt(Codec.JPEG, "its frame header is wrong")
        precision, height, width, count = struct.unpack_from(">BHHB", segment, 4)
        _check_kind(marker, precision, height, count)
        sampling = [divmod(pair, 16) for pair in segment[11 : 10 + 3 * count : 3]]
        if len(sampling) != count or not width:
            raise corrupt(Codec.JPEG, "its frame header is wrong")
        if any(not 1 <= factor <= 4 for pair in sampling for factor in pair):  # noqa: PLR2004  T.81
            raise corrupt(Codec.JPEG, "its sampling factors are wrong")
        self.size_at = 2 + sum(map(len, self.kept)) + 5
        self.kept.append(segment)
        self.frame = marker, height, width, sampling

    def orientation(self) -> int:
        """EXIF's 1-8, from the first block that can be read."""
        return exif.orientation(*exif.joined(self._exif))

    def profile(self) -> bytes | None:
        """The ICC profile, put together by its chunks' numbers; None if some are missing."""
        chunks = sorted(self._profile)
        if not chunks or any(len(chunk) < 2 or chunk[1] != len(chunks) for chunk in chunks):  # noqa: PLR2004
            return None
        return b"".join(chunk[2:] for chunk in chunks)


def _check_kind(marker: int, precision: int, height: int, components: int) -> None:
    """Refuse what the standard allows, and libjpeg or Pillow do not take."""
    if marker in _UNUSUAL_FRAMES:
        raise unsupported(Codec.JPEG, f"coded in a rare way (SOF{marker - 0xC0})")
    if precision != 8:  # noqa: PLR2004  bits
        raise unsupported(Codec.JPEG, f"one of {precision} bits a sample")
    if components not in _COMPONENTS:
        raise unsupported(Codec.JPEG, f"one of {components} colours")
    if not height:
        raise unsupported(Codec.JPEG, "one that tells its height behind its pixels")


def _coefficients(width: int, height: int, sampling: list[tuple[int, int]]) -> int:
    """2 bytes for each coefficient of each component, at the component's own resolution."""
    across, down = (max(pair[axis] for pair in sampling) for axis in (0, 1))
    return sum(2 * width * height * h * v // (across * down) for h, v in sampling)


def _scans_are_complete(source: bytes, at: int, components: int, pixels: int) -> bool:
    """Whether the scans bring every component, to its last bit, and the file then ends.

    libjpeg takes what there is: a progressive JPEG that was cut and closed again would come out
    blurred. Raises PermanentError for more scans than the pixels allow.
    """
    most = min(MAX_SCANS, max(_USUAL_SCANS, MAX_SCANNED // pixels))
    seen: set[int] = set()
    unfinished: set[tuple[int, int]] = set()
    for _ in range(most):
        header = source[at + 4 : at + 8 + 2 * components]
        count = header[0] if header else 0
        if len(header) < 4 + 2 * count:
            return False
        ids = set(header[1 : 1 + 2 * count : 2])
        first, last, precision = header[1 + 2 * count : 4 + 2 * count]
        seen |= ids
        band = {(name, k) for name in ids for k in range(first, min(last, 63) + 1)}
        unfinished = unfinished | band if precision % 16 else unfinished - band
        next_scan = _next_scan(source, at + 2)
        if next_scan is None:
            return False
        if next_scan < 0:
            if len(seen) < components or unfinished:
                raise _unrefined()
            return True
        at = next_scan
    raise PermanentError(
        Reason.TOO_MANY_SCANS,
        f"the JPEG of {pixels:,} pixels has more than {most} scans, usual are {_USUAL_SCANS}: "
        "export it anew",
    )


def _unrefined() -> PermanentError:
    return PermanentError(
        Reason.TRUNCATED,
        "the JPEG file ends without the scans that bring its last colours or its finest detail: "
        "upload it again, or export it anew",
    )


def _next_scan(source: bytes, at: int) -> int | None:
    """Where the next scan's marker stands; -1 at the end of the picture, None if it is cut off."""
    at += int.from_bytes(source[at : at + 2], "big")
    for found in _MARKER.finditer(source, at):
        marker = source[found.end() - 1]
        if marker == _SOS:
            return found.end() - 2
        if marker == _EOI:
            return -1
    return None
