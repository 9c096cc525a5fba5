"""Limits on a photo's bytes, pixels, frames, memory and time, computed from its header.

The limit of memory is the function's (`Size.memory`), so a larger function renders larger photos.
The absolute limits bound the time to 10 s on one vCPU.
"""

from math import ceil

from lib.errors import PermanentError, Reason
from lib.images.formats.jpeg import JpegHeader
from lib.images.header import Codec, Header, metadata_bomb
from lib.sizes import MEGABYTE, OUTPUT_BYTES_PER_PIXEL, Size

# The largest photos that cameras write are some 100 MB; reading and copying 200 takes 0.1 s.
MAX_BYTES = 200 * MEGABYTE
# libavif's own limit. Only strips a pixel high, and bombs, have longer edges.
MAX_SOURCE_EDGE = 32_768
# CMYK profiles have up to 3 MB, others a few KB.
MAX_PROFILE = 4 * MEGABYTE
# Limits whatever the memory. JPEG at 1/8 scale: 270 MP in 2 s (Samsung's phones make 200 MP).
# Deflate: 100 MP in 2 s. AV1 and HEVC decode 20 to 40 MP a second on one core.
_MAX_PIXELS = {
    Codec.JPEG: 270_000_000,
    Codec.PNG: 178_000_000,
    Codec.TIFF: 178_000_000,
    Codec.BMP: 178_000_000,
    Codec.WEBP: 120_000_000,
    Codec.GIF: 89_000_000,
    Codec.AVIF: 100_000_000,
    Codec.HEIC: 100_000_000,
}
# Peak bytes a source pixel, of the decoder and Pillow together.
_BYTES_PER_PIXEL = {
    Codec.PNG: 12,
    Codec.TIFF: 12,
    Codec.BMP: 12,
    Codec.GIF: 12,
    Codec.WEBP: 16,
    Codec.AVIF: 16,
    Codec.HEIC: 16,
}
# Bytes a pixel of a JPEG at its scale: Pillow has 4, whatever the colours.
_JPEG_BYTES_PER_PIXEL = 4
# Nanoseconds of a frame: fixed, for each pixel of the original (decode, resize), and for each pixel
# of a variant and format (noise); and the limit of all frames.
_FRAME_NS, _FRAME_IN_NS, _FRAME_OUT_NS = 12_000_000, 40, 300
_FRAMES_NS = 9_000_000_000
# Copies of the file that a decoder makes.
_COPIES = 2


def check_bytes(source: bytes) -> None:
    """Raises PermanentError for a file that is too large to read."""
    if len(source) > MAX_BYTES:
        raise PermanentError(
            Reason.TOO_MANY_BYTES,
            f"{len(source):,} bytes; the limit is {MAX_BYTES:,}: upload a smaller file",
        )


def check(header: Header, size: Size, canvas: tuple[int, int], scale: int = 1) -> None:
    """Raises PermanentError if one frame would take too much memory or time.

    `scale` is the divisor (1, 2, 4, 8) that a JPEG is decoded at.
    """
    _check_edges(header)
    if len(header.profile or b"") > MAX_PROFILE:
        raise metadata_bomb(header.codec, f"a colour profile of more than {MAX_PROFILE:,} bytes")
    if header.pixels > _MAX_PIXELS[header.codec]:
        raise _too_many_pixels(header, f"the limit is {_MAX_PIXELS[header.codec]:,}")
    needed = _source_bytes(header, scale) + canvas[0] * canvas[1] * size.output_bytes_per_pixel
    if needed > size.pixel_memory:
        raise _too_many_pixels(
            header,
            f"they take {needed // MEGABYTE} MB to render, and the function's {size.memory} MB "
            f"leave {size.pixel_memory // MEGABYTE}",
        )


def check_frames(header: Header, size: Size, canvas: tuple[int, int]) -> None:
    """Raises PermanentError if all frames together would take too much memory or time."""
    pixels = canvas[0] * canvas[1]
    frame_ns = _FRAME_NS + header.pixels * _FRAME_IN_NS
    frame_ns += pixels * _FRAME_OUT_NS * (1 + len(size.formats))
    decoder_bytes = header.pixels * _BYTES_PER_PIXEL[header.codec] + header.reference_bytes
    # A watermark is placed on one frame after the other.
    placing_bytes = pixels * (size.output_bytes_per_pixel - OUTPUT_BYTES_PER_PIXEL)
    free_bytes = size.pixel_memory - decoder_bytes - placing_bytes
    most = min(_FRAMES_NS // frame_ns, free_bytes // (pixels * OUTPUT_BYTES_PER_PIXEL))
    if header.frames > most:
        raise PermanentError(
            Reason.TOO_MANY_FRAMES,
            f"{header.frames:,} frames of {header.width} x {header.height}; at {canvas[0]} x "
            f"{canvas[1]} the limit is {max(most, 0):,}: upload a shorter one, or set "
            "animated: false",
        )


def _check_edges(header: Header) -> None:
    if max(header.width, header.height) > MAX_SOURCE_EDGE:
        raise _too_many_pixels(header, f"the limit is {MAX_SOURCE_EDGE:,} along an edge")


def _source_bytes(header: Header, scale: int) -> int:
    copies = _COPIES * sum(map(len, header.parts))
    if isinstance(header, JpegHeader):
        scaled = ceil(header.width / scale) * ceil(header.height / scale)
        return header.coefficients + scaled * _JPEG_BYTES_PER_PIXEL
    return header.pixels * _BYTES_PER_PIXEL[header.codec] + header.reference_bytes + copies


def _too_many_pixels(header: Header, limit: str) -> PermanentError:
    given = f"{header.width} x {header.height} pixels"
    if header.padded > header.width * header.height:
        given += f", for which tiles of {header.padded:,} are decoded"
    elif header.pixels > header.width * header.height:
        given += f", decoded from frames of {header.decoded:,}, two of which count as one"
    return PermanentError(
        Reason.TOO_MANY_PIXELS,
        f"{given}; {limit}: upload a smaller picture",
    )
