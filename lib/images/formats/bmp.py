"""BMP headers: size, and whether it is run-length coded."""

import struct

from lib.errors import PermanentError, Reason
from lib.images.header import Codec, Header, corrupt, truncated

_CORE = 12
_RUN_LENGTH = {1, 2}
# Pillow decodes runs in Python: 0.3 s for a picture of 4 MP, 2.5 s where a hostile one makes
# every run as short as it goes.
MAX_RUN_LENGTH_PIXELS = 4_000_000
MAX_RUN_LENGTH_BYTES = 4_000_000


def read(source: bytes) -> Header:
    """The file header and the first fields of the bitmap header."""
    if len(source) < 26:  # noqa: PLR2004  file header and the oldest bitmap header
        raise truncated(Codec.BMP)
    size_at = 18
    (kind,) = struct.unpack_from("<L", source, 14)
    if kind == _CORE:
        width, height = struct.unpack_from("<HH", source, size_at)
        compression = 0
    elif len(source) < 34:  # noqa: PLR2004  up to the compression
        raise truncated(Codec.BMP)
    else:
        width, height, _, compression = struct.unpack_from("<llLL", source, size_at)
    if not width or not height:
        raise corrupt(Codec.BMP, "it has no size")
    width, height = abs(width), abs(height)
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
