"""Reads JPEG headers: size, colour profile, orientation and scans.

Only the segments that decoding needs reach a decoder. So an MPO, an Ultra HDR or a motion photo is
its primary image, without comments, EXIF and XMP.
"""

import re
import struct
from dataclasses import dataclass, replace
from typing import NamedTuple

from lib.errors import PermanentError, Reason
from lib.images import exif
from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated, unsupported

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_TABLES = {0xC4, 0xDB, 0xDD}  # Huffman, quantization, restart interval
_SEQUENTIAL, _PROGRESSIVE = {0xC0, 0xC1}, 0xC2
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3}
# Arithmetic coding, hierarchical and so on: no browser shows them, no camera writes them, and they
# decode at a tenth of the speed. 0xCC are arithmetic coding's tables.
_UNUSUAL_FRAMES = set(range(0xC5, 0xD0)) - {0xC8, 0xCC}
# Grey, YCbCr or RGB, CMYK or YCCK.
_COMPONENTS = {1, 3, 4}
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
# Segments from which libjpeg determines the colour space.
_COLOUR_SPACES = {_APP0: b"JFIF\0", _APP14: b"Adobe"}
# Markers that are read. As in libjpeg, all others are skipped: fill bytes, stuffing, TEM, restarts,
# a second start, and undefined ones.
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")

# 255 segments of a profile, a few hundred of extended XMP and MPF: no file needs more.
_MAX_SEGMENTS = 4096
# Bytes outside segments: cameras align segments to some KB at most.
_MAX_STRAY = 1 << 20
# Tables between two scans: at most four of each kind, and a few comments.
_MAX_SEGMENTS_OF_A_SCAN = 64
# The usual scripts have 10 scans, mozjpeg's up to 16.
_USUAL_SCANS, MAX_SCANS = 10, 64
# Pixels times scans. Each scan is a pass over all pixels, even if it is empty, at 0.9 ns a pixel
# and component, so this many take 3 to 9 s: 10 scans of 300 MP, or 64 of 47.
MAX_SCANNED = 3_000_000_000
# Bytes of all scans that are searched, for each pixel and besides: noise takes 4 at quality 100, 5
# in CMYK.
_SCAN_BYTES_PER_PIXEL, _SPARE_SCAN_BYTES = 8, 1 << 20


@dataclass(frozen=True, kw_only=True)
class JpegHeader(Header):
    """A JPEG's header.

    `coefficients` are the bytes that libjpeg buffers, at any scale, if a scan lacks components;
    `size_at` is the offset of the height in the first part.
    """

    components: int
    coefficients: int
    size_at: int

    @property
    def single_scan(self) -> bool:
        """Whether rows are stored in order, so that decoding can stop at any row."""
        return not self.coefficients

    def first_rows(self, rows: int) -> "JpegHeader":
        """Returns a header with the height `rows`: libjpeg then skips the rest."""
        head = bytearray(self.parts[0])
        struct.pack_into(">H", head, self.size_at, rows)
        return replace(self, height=rows, parts=(bytes(head), *self.parts[1:]))


class _Frame(NamedTuple):
    """A frame header; `sampling` has each component's horizontal and vertical factors."""

    marker: int
    precision: int
    height: int
    width: int
    components: int
    sampling: list[tuple[int, int]]


def read(source: bytes) -> JpegHeader:
    """Walks the segments up to the first scan."""
    walk = _Walk(source)
    scan_at = walk.to_first_scan()
    frame = walk.frame
    if frame is None:
        raise corrupt(Codec.JPEG, "no frame header")
    _check(frame)
    marker, _, height, width, _, sampling = frame
    buffered = marker == _PROGRESSIVE or source[scan_at + 4] != len(sampling)
    end = _end_of_scans(source, scan_at, len(sampling), width * height) if buffered else None
    return JpegHeader(
        codec=Codec.JPEG,
        width=width,
        height=height,
        parts=(b"\xff\xd8" + b"".join(walk.segments), memoryview(source)[scan_at:end]),
        orientation=walk.orientation(),
        profile=walk.profile(),
        # Searched from the end, where nearly all files have it: 4 ms faster for 5 MB.
        complete=buffered or source.rfind(b"\xff\xd9", scan_at) >= 0,
        components=len(sampling),
        coefficients=_coefficients(width, height, sampling) if buffered else 0,
        size_at=walk.size_at,
    )


def pixels_of(source: bytes) -> int:
    """Returns the pixels that a JPEG's frame header declares; 0 without one."""
    walk = _Walk(source)
    walk.to_first_scan()
    return walk.frame.width * walk.frame.height if walk.frame else 0


class _Walk:
    """Walks the segments before the first scan; `segments` are those that decoding needs."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.segments: list[bytes] = []
        self.frame: _Frame | None = None
        self.size_at = 0
        self._exif: list[bytes] = []
        self._profile: list[bytes] = []

    def to_first_scan(self) -> int:
        """Reads all segments; returns the offset of the first scan's marker."""
        at, stray = 2, 0
        for _ in range(_MAX_SEGMENTS):
            end, at = at, _next_marker(self._source, at, at + _MAX_STRAY - stray)
            stray += at - end
            marker = self._source[at + 1]
            if marker == _SOS:
                if at + 5 > len(self._source):
                    raise truncated(Codec.JPEG)
                return at
            if marker == _EOI:
                raise corrupt(Codec.JPEG, "it ends before its pixels begin")
            end = _end_of_segment(self._source, at)
            if end > len(self._source):
                raise truncated(Codec.JPEG)
            self._take(marker, self._source[at:end])
            at = end
        raise metadata_bomb(Codec.JPEG, f"more than {_MAX_SEGMENTS} segments before its pixels")

    def _take(self, marker: int, segment: bytes) -> None:
        body = segment[4:]
        if marker in _FRAMES or marker in _UNUSUAL_FRAMES:
            self._take_frame(marker, segment)
        elif marker in _TABLES or body.startswith(_COLOUR_SPACES.get(marker, segment)):
            self.segments.append(segment)
        elif marker == _APP1 and body.startswith(b"Exif\0\0"):
            self._exif += [body] if len(self._exif) < exif.MAX_BLOCKS else []
        elif marker == _APP2 and body.startswith(b"ICC_PROFILE\0"):
            self._profile.append(body[12:])

    def _take_frame(self, marker: int, segment: bytes) -> None:
        if len(segment) < 10 or self.frame:  # noqa: PLR2004  precision, height, width, components
            raise corrupt(Codec.JPEG, "its frame header is wrong")
        precision, height, width, count = struct.unpack_from(">BHHB", segment, 4)
        sampling = [divmod(pair, 16) for pair in segment[11 : 10 + 3 * count : 3]]
        self.size_at = 2 + sum(map(len, self.segments)) + 5
        self.segments.append(segment)
        self.frame = _Frame(marker, precision, height, width, count, sampling)

    def orientation(self) -> int:
        """Returns EXIF's 1-8 from the first readable block."""
        return exif.orientation(*exif.join_segments(self._exif))

    def profile(self) -> bytes | None:
        """Joins the ICC profile's chunks by their numbers; None if some are missing."""
        chunks = sorted(self._profile)
        if not chunks or any(len(chunk) < 2 or chunk[1] != len(chunks) for chunk in chunks):  # noqa: PLR2004
            return None
        return b"".join(chunk[2:] for chunk in chunks)


def _check(frame: _Frame) -> None:
    """Raises PermanentError for frames that libjpeg or Pillow cannot decode."""
    if frame.marker in _UNUSUAL_FRAMES:
        raise unsupported(Codec.JPEG, f"coded in a rare way (SOF{frame.marker - 0xC0})")
    if frame.precision != 8:  # noqa: PLR2004  bits
        raise unsupported(Codec.JPEG, f"one of {frame.precision} bits a sample")
    if frame.components not in _COMPONENTS:
        raise unsupported(Codec.JPEG, f"one of {frame.components} colours")
    if not frame.height:
        raise unsupported(Codec.JPEG, "one that tells its height behind its pixels")
    if len(frame.sampling) != frame.components or not frame.width:
        raise corrupt(Codec.JPEG, "its frame header is wrong")
    if any(not 1 <= factor <= 4 for pair in frame.sampling for factor in pair):  # noqa: PLR2004  T.81
        raise corrupt(Codec.JPEG, "its sampling factors are wrong")


def _coefficients(width: int, height: int, sampling: list[tuple[int, int]]) -> int:
    """Returns the bytes of all coefficients: 2 for each, at each component's resolution."""
    across, down = (max(pair[axis] for pair in sampling) for axis in (0, 1))
    return sum(2 * width * height * h * v // (across * down) for h, v in sampling)


def _end_of_scans(source: bytes, at: int, components: int, pixels: int) -> int:
    """Returns the end of the scans; raises PermanentError for too many, or missing ones.

    libjpeg accepts missing scans: the variant of a progressive JPEG that was truncated and then
    closed would be blurred.
    """
    most = min(MAX_SCANS, max(_USUAL_SCANS, MAX_SCANNED // pixels))
    limit = at + _SCAN_BYTES_PER_PIXEL * pixels + _SPARE_SCAN_BYTES
    seen: set[int] = set()
    unfinished: set[tuple[int, int]] = set()
    for _ in range(most):
        header = source[at + 4 : at + 8 + 2 * components]
        count = header[0] if header else 0
        if len(header) < 4 + 2 * count:
            raise truncated(Codec.JPEG)
        ids = set(header[1 : 1 + 2 * count : 2])
        first, last, precision = header[1 + 2 * count : 4 + 2 * count]
        seen |= ids
        band = {(name, k) for name in ids for k in range(first, min(last, 63) + 1)}
        unfinished = unfinished | band if precision % 16 else unfinished - band
        at = _next_scan(source, at, limit)
        if source[at + 1] == _EOI:
            if len(seen) < components or unfinished:
                raise PermanentError(
                    Reason.TRUNCATED,
                    "the JPEG file ends without the scans that bring its last colours or its "
                    "finest detail: upload it again, or export it anew",
                )
            return at + 2
    raise PermanentError(
        Reason.TOO_MANY_SCANS,
        f"the JPEG of {pixels:,} pixels has more than {most} scans, usual are {_USUAL_SCANS}: "
        "export it anew",
    )


def _next_scan(source: bytes, at: int, limit: int) -> int:
    """Returns the offset of the next scan's marker, or of the image's end.

    Segments before it are skipped, so that an end marker in a comment does not count.
    """
    for _ in range(_MAX_SEGMENTS_OF_A_SCAN):
        at = _next_marker(source, _end_of_segment(source, at), limit)
        if source[at + 1] in (_SOS, _EOI):
            return at
    raise metadata_bomb(Codec.JPEG, f"more than {_MAX_SEGMENTS_OF_A_SCAN} segments in a scan")


def _end_of_segment(source: bytes, at: int) -> int:
    """Returns the end of the segment at a marker; its length includes its own two bytes."""
    return at + 2 + max(2, int.from_bytes(source[at + 2 : at + 4], "big"))


def _next_marker(source: bytes, at: int, limit: int) -> int:
    """Returns the offset of the next marker; raises PermanentError if none begins by `limit`."""
    match = _MARKER.search(source, at, limit + 2)
    if match:
        return match.start()
    if limit + 2 >= len(source):
        raise truncated(Codec.JPEG)
    raise metadata_bomb(Codec.JPEG, "more bytes without a meaning than any camera writes")
