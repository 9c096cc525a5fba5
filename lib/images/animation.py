"""All frames of an animation, each one finished like a still.

Each is taken as a whole picture, so that scaling cannot open seams between the parts of which
files are made.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from PIL import Image, ImageFile

from lib.images import decode, frames, geometry, limits
from lib.images.formats import apng, gif_frames
from lib.images.geometry import Focus
from lib.images.header import Codec, Header
from lib.images.transform import TransformedImage, attended, transform
from lib.sizes import Size

_WRAP = 1 << 32


class Animation(NamedTuple):
    """Finished frames, how long each is shown, and how often all are (0: for ever)."""

    pictures: list[TransformedImage]
    milliseconds: list[int]
    plays: int


def transform_frames(header: Header, size: Size, focus: Focus | None = None) -> Animation:
    """Decode, resize and finish every frame; PermanentError for more than the budget allows.

    A crop is laid around `focus` in all of them.
    """
    plan = geometry.fit(size, *header.upright)
    limits.check(header, size, plan.canvas)
    limits.check_frames(header, size, plan.canvas)
    with decode.decoding(header):
        header, plays, images = _moving(header)
        plan = geometry.fit(size, *header.upright)
        limits.check(header, size, plan.canvas)
        made = Animation([], [], plays)
        for image, milliseconds in images:
            if not made.pictures:
                # One crop for all frames, or what is shown would jump.
                plan = attended(image, header, plan, size, focus)
            made.pictures.append(transform(image, header, plan))
            made.milliseconds.append(round(milliseconds))
        return made


def _moving(header: Header) -> tuple[Header, int, Iterator[tuple[Image.Image, float]]]:
    """The header with what only a decoder could tell, the number of plays, and all frames."""
    if header.codec in (Codec.GIF, Codec.PNG):
        parts = (gif_frames if header.codec is Codec.GIF else apng).read(header)
        width, height = parts.size
        return replace(header, width=width, height=height), parts.plays, frames.composed(parts)
    image = decode.open_image(header)
    plays = int(image.info.get("loop", header.plays))
    header = decode.as_told_by(image, header)
    return header, plays, _decoded(image, header)


def _decoded(image: ImageFile.ImageFile, header: Header) -> Iterator[tuple[Image.Image, float]]:
    for number in range(header.frames):
        image.seek(number)
        pixels = decode.load(image, header)
        # libwebp adds the times up in 32 bits, and Pillow takes the differences.
        yield pixels, image.info.get("duration", 0) % _WRAP
