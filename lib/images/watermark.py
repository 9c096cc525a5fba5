"""Places a watermark on a rendered image.

Colours are mixed in sRGB and not in linear light, as browsers and image editors do: the watermark
looks as it would above the photo on a page.
"""

from typing import NamedTuple

from PIL import Image

from lib.errors import ConfigError, PermanentError
from lib.images import colour
from lib.images.formats import read_header
from lib.images.geometry import ANCHORS, Geometry
from lib.images.header import Codec
from lib.images.resample import resample
from lib.images.transform import transform_still
from lib.sizes import MAX_EDGE, MAX_WATERMARK_PIXELS, MIN_WATERMARK_EDGE, Size, Watermark

# A watermark's decoded file, in LA or RGBA.
WatermarkImage = Image.Image
# Keeps all pixels of a watermark.
_WHOLE = Size(name="watermark", width=MAX_EDGE, height=MAX_EDGE, fit="inside")
_TRANSPARENT = ("LA", "RGBA")


class Stamp(NamedTuple):
    """A watermark in LA or RGBA as large as it is shown, and its corner on the rendered image."""

    image: Image.Image
    corner: tuple[int, int]

    def place(self, image: Image.Image) -> Image.Image:
        """Returns a copy of the image, in L, RGB, LA or RGBA, with the watermark."""
        is_grey = image.mode in ("L", "LA") and self.image.mode == "LA"
        if image.mode in _TRANSPARENT:
            placed = image.convert("RGBA") if image.mode == "LA" else image.copy()
            placed.alpha_composite(self.image.convert("RGBA"), self.corner)
            return placed.convert("LA") if is_grey else placed
        placed = image.convert("RGB") if image.mode == "L" and not is_grey else image.copy()
        placed.paste(self.image.convert(placed.mode), self.corner, self.image.getchannel("A"))
        return placed


def read_watermark_image(data: bytes) -> WatermarkImage:
    """Decodes a watermark's file; raises ConfigError if it cannot be one."""
    try:
        header = read_header(data)
        if header.codec not in (Codec.PNG, Codec.WEBP):
            raise ConfigError(f"is a file in {header.codec.upper()}: save it as PNG or WebP")
        width, height = header.upright
        if width * height > MAX_WATERMARK_PIXELS:
            raise ConfigError(
                f"has {width} x {height} pixels, together more than {MAX_WATERMARK_PIXELS:,}: "
                "make it smaller"
            )
        image = transform_still(header, _WHOLE).image
    except PermanentError as error:
        raise ConfigError(f"is no PNG or WebP that can be read ({error.reason})") from error
    if image.mode not in _TRANSPARENT:
        raise ConfigError(
            "has no transparent pixel, and would cover photos with its background: save it with a "
            "transparent one"
        )
    if image.getchannel("A").getextrema() == (0, 0):
        raise ConfigError("has no visible pixel: save it with its colours")
    return image


def make_stamp(image: WatermarkImage, watermark: Watermark, plan: Geometry) -> Stamp | None:
    """Scales a watermark's image for a rendition; returns None if the photo is too small for it."""
    width = round(plan.scaled[0] * watermark.width_share)
    height = round(width * image.height / image.width)
    margin = round(plan.scaled[0] * watermark.margin_share)
    free = [plan.scaled[axis] - 2 * margin - edge for axis, edge in enumerate((width, height))]
    if min(width, height) < MIN_WATERMARK_EDGE or min(free) < 0:
        return None
    anchor = ANCHORS[watermark.position]
    left, top = (plan.corner[axis] + margin + round(free[axis] * anchor[axis]) for axis in range(2))
    scaled = resample(image, (0, 0, *image.size), (width, height))
    # In case that all of it has become opaque.
    scaled = colour.unpremultiply(scaled).convert(image.mode)
    scaled.putalpha(scaled.getchannel("A").point(lambda value: round(value * watermark.opacity)))
    return Stamp(scaled, (left, top))
