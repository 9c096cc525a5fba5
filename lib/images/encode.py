"""From finished pixels to bytes, each format with its own settings; no metadata is written.

Every figure here is measured on 800x600 photographs.
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

# What each output is called over HTTP. Nothing a browser could run is among them.
CONTENT_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
}
# The formats that an animation can be written in.
MOVING = {"png", "gif", "webp", "avif"}
# What `keep` keeps. The others have no place on a web page: they become JPEG, or PNG where there
# is transparency.
_KEPT = {
    Codec.JPEG: "jpeg",
    Codec.PNG: "png",
    Codec.GIF: "gif",
    Codec.WEBP: "webp",
    Codec.AVIF: "avif",
}
# A GIF has 256 colours; one of them is see-through where needed, from this much alpha down.
_GIF_COLOURS, _GIF_OPAQUE = 256, 128
# Long edge of the picture that a palette is chosen from, of a still and of one frame of many:
# choosing from 200 pixels takes 50 ms, from 64 takes 13, and from all of 800x600 it is 300.
_STILL_LOOK, _FRAME_LOOK = 200, 64
# The most that each format's numbers hold: plays, and milliseconds of a frame. PNG has fractions
# of seconds; WebP's encoder adds up the times of all frames in 31 bits.
_PNG_PLAYS, _WEBP_PLAYS = 2**31 - 1, 65_535
_PNG_NUMERATOR, _WEBP_TOTAL = 65_535, 2**31 - 1
_LONGEST = {"gif": LONGEST, "png": 1000 * _PNG_NUMERATOR, "webp": 2**24 - 1, "avif": 2**32 - 1}
# Pixels from which on an encoder has to hurry, to make 8192 x 8192 of noise in under 10 s.
_FEW, _MANY, _VERY_MANY = 2_000_000, 4_000_000, 16_000_000
# What encoders raise for pixels that they give up on, and writers for numbers that do not fit.
_GIVES_UP = (OSError, RuntimeError, ValueError, OverflowError, struct.error)
# For pixels that an encoder gives up on. libjpeg has to hold a progressive file in Pillow's buffer
# of a byte a pixel, which noise exceeds; libwebp's first partition is full (error 6) after some
# 16 MP of noise of quality 90.
_EASIER: dict[str, dict[str, Any]] = {
    "jpeg": {"progressive": False},
    "webp": {"method": 0, "quality": 75},
}


def targets(size: Size, codec: Codec, *, transparent: bool) -> list[str]:
    """The formats to make of a photo, the base format first."""
    kept = _KEPT.get(codec, "png" if transparent else "jpeg")
    return [kept if size.format == "keep" else size.format, *size.formats]


def encode(image: Image.Image, target: str, size: Size) -> bytes:
    """One picture, in L, RGB, LA or RGBA, as a file."""
    if target == "jpeg":
        options = _jpeg(size)
    elif target == "gif":
        options = {}
    elif target == "png":
        options = _png(image.width * image.height)
    elif target == "webp":
        options = _webp(image.width * image.height, size)
    else:
        options = _avif(image.width * image.height, size)

    def save(options: dict[str, Any]) -> bytes:
        page = _paletted(image, _STILL_LOOK) if target == "gif" else image
        return _saved(page, target, options)

    return _tried(save, options, image, target)


def encode_frames(
    pictures: list[Image.Image], milliseconds: list[int], plays: int, target: str, size: Size
) -> bytes:
    """An animation as a file; `plays` is how often it is shown, 0 for ever."""
    pixels = sum(picture.width * picture.height for picture in pictures)
    pictures = _in_one_mode(pictures)
    longest = _longest(target, len(pictures))
    milliseconds = [min(time, longest) for time in milliseconds]
    options: dict[str, Any] = {}
    if target == "png":
        milliseconds = [_in_fractions(time) for time in milliseconds]
        # Whole frames, each in place of the last: nothing of one can shine through the next.
        options = {"loop": min(plays, _PNG_PLAYS), "disposal": 0, "blend": 0} | _png(pixels)
    elif target == "webp":
        options = {"loop": min(plays, _WEBP_PLAYS), "background": (0, 0, 0, 0)}
        options |= _webp(pixels, size)
    elif target == "avif":
        options = _avif(pixels, size)
    options |= {"duration": milliseconds, "save_all": True, "append_images": pictures[1:]}

    def save(options: dict[str, Any]) -> bytes:
        if target == "gif":
            paletted = [_paletted(picture, _FRAME_LOOK) for picture in pictures]
            return write_gif(paletted, milliseconds, plays)
        data = _saved(pictures[0], target, options)
        if target == "avif":
            return finish(data, plays)
        see_through = target == "webp" and pictures[0].mode in ("LA", "RGBA")
        return _with_alpha(data) if see_through else data

    return _tried(save, options, pictures[0], target)


def _with_alpha(webp: bytes) -> bytes:
    """An animation with the flag of transparency.

    libwebp leaves it out where only gaps between opaque frames are transparent, and then shows
    them black.
    """
    if webp[12:16] != b"VP8X":
        return webp
    return webp[:20] + bytes([webp[20] | ALPHA_FLAG]) + webp[21:]


def _in_one_mode(pictures: list[Image.Image]) -> list[Image.Image]:
    """Frames that hold each other's colours and alpha: encoders take the first one's mode."""
    modes = {picture.mode for picture in pictures}
    if len(modes) == 1:
        return pictures
    grey, see_through = modes <= {"L", "LA"}, bool(modes & {"LA", "RGBA"})
    mode = ("LA" if grey else "RGBA") if see_through else "RGB"
    return [picture.convert(mode) for picture in pictures]


def _longest(target: str, frames: int) -> int:
    """Milliseconds that a frame may be shown in a format."""
    if target == "webp":
        return min(_LONGEST["webp"], _WEBP_TOTAL // frames)
    return _LONGEST[target]


def _in_fractions(milliseconds: int) -> int:
    """A time that PNG's fractions can tell: of thousandths, hundredths, tenths or seconds."""
    step = next(step for step in (1, 10, 100, 1000) if milliseconds <= _PNG_NUMERATOR * step)
    return round(milliseconds / step) * step


def _tried(
    save: Callable[[dict[str, Any]], bytes],
    options: dict[str, Any],
    first: Image.Image,
    target: str,
) -> bytes:
    """The file that `save` makes with these options, or with easier ones if the encoder gives up.

    PermanentError if it gives up on these too, or there are none.
    """
    try:
        return save(options)
    except _GIVES_UP as error:
        if target not in _EASIER:
            raise _not_encoded(first, target, error) from error
    try:
        return save(options | _EASIER[target])
    except _GIVES_UP as error:
        raise _not_encoded(first, target, error) from error


def _not_encoded(first: Image.Image, target: str, error: Exception) -> PermanentError:
    return PermanentError(
        Reason.NOT_ENCODED,
        f"the {target.upper()} encoder gives up on the {first.width} x {first.height} pixels "
        f"({error}): choose another format or a smaller box",
    )


def _saved(image: Image.Image, target: str, options: dict[str, Any]) -> bytes:
    out = _Named(f"variant.{target}")
    image.save(out, **options)
    return out.getvalue()


class _Named(io.BytesIO):
    """A file with a name: from its ending Pillow loads one codec.

    Told the format instead, it loads five, which takes 13 ms of a cold start.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def _jpeg(size: Size) -> dict[str, Any]:
    """Progressive: 6 % smaller than baseline, and shown early; `optimize` would add nothing."""
    quality = size.quality_of("jpeg")
    return {"quality": quality, "progressive": True, "subsampling": "4:2:0"}


def _png(pixels: int) -> dict[str, Any]:
    """Level 4 takes 80 ms; 6 twice that to save 2 %, 1 three fifths for 8 % more."""
    return {"compress_level": 4 if pixels <= _MANY else 1}


def _webp(pixels: int, size: Size) -> dict[str, Any]:
    """Method 4 takes 80 ms; 2 half of that for 2 % more bytes, 0 a quarter for 20 to 50 %."""
    if size.lossless:
        # Here quality is effort. From the most to the least: 450, 65 and 30 ms, for 12 % of bytes.
        method, effort = (4, 50) if pixels <= _FEW else (0, 75) if pixels <= _VERY_MANY else (0, 0)
        return {"lossless": True, "quality": effort, "method": method}
    method = 4 if pixels <= _MANY else 2 if pixels <= _VERY_MANY else 0
    return {"quality": size.quality_of("webp"), "method": method}


def _avif(pixels: int, size: Size) -> dict[str, Any]:
    """Speed 8 takes 200 ms; 6 takes 500 to save 2 to 15 %, 10 takes 50 for 2 to 25 % more."""
    return {"quality": size.quality_of("avif"), "speed": 8 if pixels <= _FEW else 10}


def _paletted(image: Image.Image, look: int) -> Image.Image:
    """The picture in colours of its own, and see-through where it is more so than not."""
    opaque = None
    if image.mode in ("LA", "RGBA"):
        opaque = image.getchannel("A").point(lambda value: 255 * (value >= _GIF_OPAQUE))
    colours = image.convert("RGB")
    number = _GIF_COLOURS if opaque is None else _GIF_COLOURS - 1
    sample = colours.copy()
    sample.thumbnail((look, look), Image.Resampling.NEAREST)
    palette = sample.quantize(number)
    paletted = colours.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if opaque is not None:
        paletted.paste(number, mask=ImageChops.invert(opaque))
        paletted.info["transparency"] = number
    return paletted
