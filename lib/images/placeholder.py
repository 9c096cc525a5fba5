"""Placeholder of a rendered image: what a page shows in its place until it is loaded."""

from base64 import b64encode
from collections import Counter
from typing import NamedTuple

from PIL import Image

from lib.images import colour, thumbhash
from lib.images.resample import resample

# Long edge of the thumbnail. A ThumbHash holds seven waves along an edge: from 100 pixels, its
# maximum, at most a nibble or two differ by one, and 100 take eight times as long.
_EDGE = 32
# Pixels with less alpha have no visible colour.
_VISIBLE = 128
# Colours count as alike if they share the upper bits of each sample, as in sharp's statistics.
_SHIFT = 4


class Placeholder(NamedTuple):
    """ThumbHash in base64, and the most frequent colour (#rrggbb), None if nothing is visible."""

    thumbhash: str
    color: str | None


def make_placeholder(image: Image.Image) -> Placeholder:
    """Makes the placeholder of an image in sRGB, in L, RGB, LA or RGBA."""
    thumbnail = _make_thumbnail(image)
    encoded = b64encode(thumbhash.encode(thumbnail)).decode()
    return Placeholder(encoded, _find_dominant_color(thumbnail))


def _make_thumbnail(image: Image.Image) -> Image.Image:
    ratio = min(1.0, _EDGE / max(image.size))
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    small = resample(image, (0, 0, *image.size), size)
    return colour.unpremultiply(small).convert("RGBA")


def _find_dominant_color(thumbnail: Image.Image) -> str | None:
    """Returns the average of the pixels that have the most frequent of 4,096 colours."""
    samples = thumbnail.tobytes()
    pixels = [
        (red, green, blue)
        for red, green, blue, alpha in zip(*(samples[band::4] for band in range(4)), strict=True)
        if alpha >= _VISIBLE
    ]
    if not pixels:
        return None
    bins = [(red >> _SHIFT, green >> _SHIFT, blue >> _SHIFT) for red, green, blue in pixels]
    most = Counter(bins).most_common(1)[0][0]
    alike = [pixel for pixel, each in zip(pixels, bins, strict=True) if each == most]
    return "#" + "".join(
        f"{round(sum(band) / len(alike)):02x}" for band in zip(*alike, strict=True)
    )
