"""Reads BMP headers, and bounds run-length coded files."""

import struct

from lib.errors import PermanentError, Reason
from lib.images.header import Codec, Header, corrupt, truncated, unsupported

_CORE = 12
_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_BITS = {1, 4, 8, 16, 24, 32}
_RUN_LENGTH, _BITFIELDS = {1, 2}, 3
# The bit masks of red, green, blue and alpha that Pillow supports, by bits a pixel.
_MASKS_AT = 54
_MASKS: dict[int, set[tuple[int, int, int, int]]] = {
    16: {(0xF800, 0x7E0, 0x1F, 0), (0x7C00, 0x3E0, 0x1F, 0)},
    24: {(0xFF0000, 0xFF00, 0xFF, 0)},
    32: {
        (0xFF0000, 0xFF00, 0xFF, 0),
        (0xFF000000, 0xFF0000, 0xFF00, 0),
        (0xFF000000, 0xFF00, 0xFF, 0),
        (0xFF000000, 0xFF0000, 0xFF00, 0xFF),
        (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
        (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
        (0xFF000000, 0xFF00, 0xFF, 0xFF0000),
        (0, 0, 0, 0),
    },
}
# Pillow decodes runs in Python: an ordinary image of 4 MP takes 0.3 s, one of the shortest possible
# runs 2.5 s.
MAX_RUN_LENGTH_PIXELS = 4_000_000
MAX_RUN_LENGTH_BYTES = 4_000_000


def has_known_header(start: bytes) -> bool:
    """Returns whether the bitmap header has one of the known lengths."""
    return int.from_bytes(start[14:18], "little") in _HEADERS


def read(source: bytes) -> Header:
    """Reads the file header and the first fields of the bitmap header."""
    if len(source) < 26:  # noqa: PLR2004  file header and the oldest bitmap header
        raise truncated(Codec.BMP)
    size_at = 18
    (kind,) = struct.unpack_from("<L", source, 14)
    if kind == _CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", source, size_at)
        compression = 0
    elif len(source) < 34:  # noqa: PLR2004  up to the compression
        raise truncated(Codec.BMP)
    else:
        width, height, _, bits, compression = struct.unpack_from("<llHHL", source, size_at)
    if not width or not height:
        raise corrupt(Codec.BMP, "it has no size")
    width, height = abs(width), abs(height)
    _check_kind(source, kind, bits, compression)
    if compression in _RUN_LENGTH:
        _check_runs(source, width, height)
    (declared,) = struct.unpack_from("<L", source, 2)
    return Header(
        codec=Codec.BMP,
        width=width,
        height=height,
        parts=[source],
        complete=declared <= len(source),
    )


def _check_kind(source: bytes, header_size: int, bits: int, compression: int) -> None:
    """Raises PermanentError for headers, depths, masks and compressions that Pillow cannot read."""
    if header_size not in _HEADERS:
        raise unsupported(Codec.BMP, f"one of a rare header ({header_size} bytes)")
    if bits not in _BITS:
        raise unsupported(Codec.BMP, f"one of {bits} bits a pixel")
    if compression not in {0, _BITFIELDS, *_RUN_LENGTH}:
        raise unsupported(Codec.BMP, f"coded in a rare way (compression {compression})")
    if compression == _BITFIELDS:
        if len(source) < _MASKS_AT + 16:
            raise truncated(Codec.BMP)
        masks = struct.unpack_from("<LLLL", source, _MASKS_AT)
        # Shorter headers have no mask for alpha: the bytes after them are something else.
        masks = masks if bits == 32 and header_size >= 56 else (*masks[:3], 0)  # noqa: PLR2004
        if masks not in _MASKS.get(bits, ()):
            raise unsupported(Codec.BMP, f"one of rare bit fields ({bits} bits)")


def _check_runs(source: bytes, width: int, height: int) -> None:
    advice = "save it without compression and upload that"
    if width * height > MAX_RUN_LENGTH_PIXELS:
        raise PermanentError(
            Reason.TOO_MANY_PIXELS,
            f"{width} x {height} pixels in a run-length coded BMP; the limit is "
            f"{MAX_RUN_LENGTH_PIXELS:,}: {advice}",
        )
    if len(source) > MAX_RUN_LENGTH_BYTES:
        raise PermanentError(
            Reason.TOO_MANY_BYTES,
            f"{len(source):,} bytes of a run-length coded BMP; the limit is "
            f"{MAX_RUN_LENGTH_BYTES:,}: {advice}",
        )
