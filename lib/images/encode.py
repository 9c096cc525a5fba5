"""Encodes images, each format with its own settings and without metadata.

All figures are measured on photographs, of 800x600 except for PNG: 1200x900.
"""

import io
import struct
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageChops

from lib.errors import PermanentError, Reason
from lib.images.formats.avif_movie import finish
from lib.images.formats.webp import ALPHA_FLAG
from lib.images.gif_writer import LONGEST, write_gif
from lib.images.header import Codec
from lib.sizes import Size

# Content type of each output format. Browsers execute none of them.
CONTENT_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
}
# Formats that can hold an animation.
ANIMATED = {"png", "gif", "webp", "avif"}
# Formats that `format: keep` keeps. Browsers do not show the others: they become JPEG, or PNG if
# they have transparency.
_WEB_FORMATS = {
    Codec.JPEG: "jpeg",
    Codec.PNG: "png",
    Codec.GIF: "gif",
    Codec.WEBP: "webp",
    Codec.AVIF: "avif",
}
# A GIF has 256 colours, one of them transparent if needed; pixels with less alpha than this get it.
_GIF_COLOURS, _GIF_OPAQUE = 256, 128
# Long edge of the thumbnail that a palette is chosen from, for a still and for a frame: with 200
# pixels this takes 50 ms, with 64 it takes 13, and with all of 800x600 it takes 300.
_STILL_SAMPLE, _FRAME_SAMPLE = 200, 64
# Maxima of each format's plays, and of a frame's milliseconds. PNG has fractions of seconds; WebP's
# encoder adds up the durations of all frames in 31 bits.
_PNG_PLAYS, _WEBP_PLAYS = 2**31 - 1, 65_535
_PNG_NUMERATOR, _WEBP_TOTAL = 65_535, 2**31 - 1
_LONGEST = {"gif": LONGEST, "png": 1000 * _PNG_NUMERATOR, "webp": 2**24 - 1, "avif": 2**32 - 1}
# zlib's strategy Z_RLE, and the share of bytes that a faster setting may add.
_RUN_LENGTHS, _PNG_EXCESS = 3, 1.01
# Of how many rows how many are tried: two tell what a large image is like, and a small one has few.
_PNG_STEP, _PNG_ROWS, _PNG_ROWS_OF_SMALL, _SMALL = 32, 2, 4, 500_000
# Above these numbers of pixels an encoder uses less effort: 8192 x 8192 of noise take under 10 s.
_FEW, _MANY, _VERY_MANY = 2_000_000, 4_000_000, 16_000_000
# Errors of encoders that cannot encode an image, and of writers for numbers out of range.
_ENCODER_ERRORS = (OSError, RuntimeError, ValueError, OverflowError, struct.error)
# Options for a second try. Pillow's buffer for a progressive JPEG has a byte a pixel, which noise
# exceeds; libwebp's first partition is full (error 6) after some 16 MP of noise of quality 90.
_FALLBACK_OPTIONS: dict[str, dict[str, Any]] = {
    "jpeg": {"progressive": False},
    "webp": {"method": 0, "quality": 75},
}


def list_targets(size: Size, codec: Codec, *, transparent: bool) -> list[str]:
    """Lists the formats to encode, the size's own format first."""
    own = _WEB_FORMATS.get(codec, "png" if transparent else "jpeg")
    return [own if size.format == "keep" else size.format, *size.formats]


def encode(image: Image.Image, target: str, size: Size) -> bytes:
    """Encodes an image in L, RGB, LA or RGBA; raises PermanentError if the encoder fails."""
    if target == "jpeg":
        options = _jpeg(size)
    elif target == "gif":
        options = {}
    elif target == "png":
        options = _png(image, image.width * image.height)
    elif target == "webp":
        options = _webp(image.width * image.height, size)
    else:
        options = _avif(image.width * image.height, size)

    def save(options: dict[str, Any]) -> bytes:
        pixels = _quantize(image, _STILL_SAMPLE) if target == "gif" else image
        return _save(pixels, target, options)

    return _save_or_retry(save, options, image, target)


def encode_frames(
    frames: list[Image.Image], milliseconds: list[int], plays: int, target: str, size: Size
) -> bytes:
    """Encodes an animation; `plays` 0 is for ever. Raises PermanentError if the encoder fails."""
    pixels = sum(frame.width * frame.height for frame in frames)
    frames = _convert_to_one_mode(frames)
    longest = _longest(target, len(frames))
    milliseconds = [min(time, longest) for time in milliseconds]
    options: dict[str, Any] = {}
    if target == "png":
        milliseconds = [_round_for_png(time) for time in milliseconds]
        # Each frame replaces the whole one before: nothing of that shows through.
        options = {"loop": min(plays, _PNG_PLAYS), "disposal": 0, "blend": 0} | _png(
            frames[0], pixels
        )
    elif target == "webp":
        options = {"loop": min(plays, _WEBP_PLAYS), "background": (0, 0, 0, 0)}
        options |= _webp(pixels, size)
    elif target == "avif":
        options = _avif(pixels, size)
    options |= {"duration": milliseconds, "save_all": True, "append_images": frames[1:]}

    def save(options: dict[str, Any]) -> bytes:
        if target == "gif":
            paletted = [_quantize(frame, _FRAME_SAMPLE) for frame in frames]
            return write_gif(paletted, milliseconds, plays)
        data = _save(frames[0], target, options)
        if target == "avif":
            return finish(data, plays)
        transparent = target == "webp" and frames[0].mode in ("LA", "RGBA")
        return _set_alpha_flag(data) if transparent else data

    return _save_or_retry(save, options, frames[0], target)


def _set_alpha_flag(webp: bytes) -> bytes:
    """Sets an animation's flag of transparency.

    libwebp omits the flag if only gaps between opaque frames are transparent, and then decoders
    show them black.
    """
    if webp[12:16] != b"VP8X":
        return webp
    return webp[:20] + bytes([webp[20] | ALPHA_FLAG]) + webp[21:]


def _convert_to_one_mode(frames: list[Image.Image]) -> list[Image.Image]:
    """Converts frames to a mode with the colours and alpha of all: encoders use the first's."""
    modes = {frame.mode for frame in frames}
    if len(modes) == 1:
        return frames
    grey, transparent = modes <= {"L", "LA"}, bool(modes & {"LA", "RGBA"})
    mode = ("LA" if grey else "RGBA") if transparent else "RGB"
    return [frame.convert(mode) for frame in frames]


def _longest(target: str, frames: int) -> int:
    """Returns the longest duration of a frame, in milliseconds."""
    if target == "webp":
        return min(_LONGEST["webp"], _WEBP_TOTAL // frames)
    return _LONGEST[target]


def _round_for_png(milliseconds: int) -> int:
    """Rounds a duration to a fraction that PNG can hold: from thousandths to whole seconds."""
    step = next(step for step in (1, 10, 100, 1000) if milliseconds <= _PNG_NUMERATOR * step)
    return round(milliseconds / step) * step


def _save_or_retry(
    save: Callable[[dict[str, Any]], bytes],
    options: dict[str, Any],
    first: Image.Image,
    target: str,
) -> bytes:
    """Encodes with these options, or with the fallback options if the encoder fails.

    Raises PermanentError if it fails again, or if the format has no fallback.
    """
    try:
        return save(options)
    except _ENCODER_ERRORS as error:
        if target not in _FALLBACK_OPTIONS:
            raise _make_error(first, target, error) from error
    try:
        return save(options | _FALLBACK_OPTIONS[target])
    except _ENCODER_ERRORS as error:
        raise _make_error(first, target, error) from error


def _make_error(first: Image.Image, target: str, error: Exception) -> PermanentError:
    return PermanentError(
        Reason.NOT_ENCODED,
        f"the {target.upper()} encoder gives up on the {first.width} x {first.height} pixels "
        f"({error}): choose another format or a smaller box",
    )


def _save(image: Image.Image, target: str, options: dict[str, Any]) -> bytes:
    out = _NamedFile(f"variant.{target}")
    image.save(out, **options)
    return out.getvalue()


class _NamedFile(io.BytesIO):
    """A file whose suffix makes Pillow load one codec.

    With `format=` it loads five, which adds 13 ms to a cold start.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def _jpeg(size: Size) -> dict[str, Any]:
    """Progressive JPEGs are 6 % smaller than baseline, and show early; `optimize` adds nothing."""
    quality = size.quality_of("jpeg")
    return {"quality": quality, "progressive": True, "subsampling": "4:2:0"}


def _png(image: Image.Image, pixels: int) -> dict[str, Any]:
    """Returns the fastest settings that cost few bytes, tried on a sample of the rows.

    Photographs hardly repeat: run lengths alone take 75 ms in place of 180 at level 4, and mostly
    fewer bytes. Screenshots and drawings take 100 at level 3, and up to 30 % less than run lengths.
    """
    best = {"compress_level": 4 if pixels <= _MANY else 1}
    faster = [{"compress_level": 1, "compress_type": _RUN_LENGTHS}, {"compress_level": 3}]
    sample = _take_rows(image)
    most = _PNG_EXCESS * len(_save(sample, "png", best))
    faster = faster[: 2 if pixels <= _MANY else 1]
    return next((each for each in faster if len(_save(sample, "png", each)) <= most), best)


def _take_rows(image: Image.Image) -> Image.Image:
    """Returns a few rows of each part of an image."""
    rows = _PNG_ROWS if image.width * image.height > _SMALL else _PNG_ROWS_OF_SMALL
    tops = range(0, image.height, _PNG_STEP)
    sample = Image.new(image.mode, (image.width, rows * len(tops)))
    for number, top in enumerate(tops):
        sample.paste(image.crop((0, top, image.width, top + rows)), (0, number * rows))
    return sample


def _webp(pixels: int, size: Size) -> dict[str, Any]:
    """Method 4 takes 80 ms; 2 half of that for 2 % more bytes, 0 a quarter for 20 to 50 %."""
    if size.lossless:
        # Here, quality means effort. From most to least: 450, 65 and 30 ms, for 12 % of the bytes.
        method, effort = (4, 50) if pixels <= _FEW else (0, 75) if pixels <= _VERY_MANY else (0, 0)
        return {"lossless": True, "quality": effort, "method": method}
    method = 4 if pixels <= _MANY else 2 if pixels <= _VERY_MANY else 0
    return {"quality": size.quality_of("webp"), "method": method}


def _avif(pixels: int, size: Size) -> dict[str, Any]:
    """Speed 8 takes 200 ms; 6 takes 500 to save 2 to 15 %, 10 takes 50 for 2 to 25 % more."""
    return {"quality": size.quality_of("avif"), "speed": 8 if pixels <= _FEW else 10}


def _quantize(image: Image.Image, sample_edge: int) -> Image.Image:
    """Converts an image to a palette of its own, with a transparent colour if it has alpha."""
    opaque = None
    if image.mode in ("LA", "RGBA"):
        opaque = image.getchannel("A").point(lambda value: 255 * (value >= _GIF_OPAQUE))
    colours = image.convert("RGB")
    number = _GIF_COLOURS if opaque is None else _GIF_COLOURS - 1
    sample = colours.copy()
    sample.thumbnail((sample_edge, sample_edge), Image.Resampling.NEAREST)
    palette = sample.quantize(number)
    paletted = colours.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if opaque is not None:
        paletted.paste(number, mask=ImageChops.invert(opaque))
        paletted.info["transparency"] = number
    return paletted
