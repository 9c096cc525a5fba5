"""Transforms all frames of an animation.

Each frame is composed to the whole image first: scaling the parts that files store would leave
seams between them.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from PIL import Image, ImageFile

from lib.images import decode, frames, geometry, limits
from lib.images.formats import apng, gif_frames
from lib.images.geometry import Focus
from lib.images.header import Codec, Header
from lib.images.transform import TransformedImage, place_crop, transform
from lib.sizes import Size

# libwebp adds up timestamps in 32 bits.
_TIMESTAMP_RANGE = 1 << 32


class Animation(NamedTuple):
    """Transformed frames, their durations, and the number of plays (0: for ever)."""

    frames: list[TransformedImage]
    milliseconds: list[int]
    plays: int


def transform_frames(header: Header, size: Size, focus: Focus | None = None) -> Animation:
    """Decodes and transforms every frame, with the same crop around `focus`.

    Raises PermanentError if the frames exceed the limits.
    """
    plan = geometry.fit(size, *header.upright)
    limits.check(header, size, plan.canvas)
    limits.check_frames(header, size, plan.canvas)
    with decode.decoding(header):
        header, plays, images = _open(header)
        plan = geometry.fit(size, *header.upright)
        limits.check(header, size, plan.canvas)
        animation = Animation([], [], plays)
        for image, milliseconds in images:
            if not animation.frames:
                # One crop for all frames: otherwise the view would jump.
                plan = place_crop(image, header, plan, size, focus)
            animation.frames.append(transform(image, header, plan))
            animation.milliseconds.append(round(milliseconds))
        return animation


def _open(header: Header) -> tuple[Header, int, Iterator[tuple[Image.Image, float]]]:
    """Returns the header completed by the decoder, the number of plays, and all frames."""
    if header.codec in (Codec.GIF, Codec.PNG):
        parts = (gif_frames if header.codec is Codec.GIF else apng).read(header)
        width, height = parts.size
        return replace(header, width=width, height=height), parts.plays, frames.compose(parts)
    image = decode.open_image(header)
    plays = int(image.info.get("loop", header.plays))
    header = decode.complete_header(image, header)
    return header, plays, _decode(image, header)


def _decode(image: ImageFile.ImageFile, header: Header) -> Iterator[tuple[Image.Image, float]]:
    for number in range(header.frames):
        image.seek(number)
        pixels = decode.load(image, header)
        # Pillow's duration is a difference of timestamps, which may have wrapped around.
        yield pixels, image.info.get("duration", 0) % _TIMESTAMP_RANGE
