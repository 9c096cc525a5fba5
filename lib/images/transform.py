"""From a header to a finished picture: upright, resized, in sRGB, still to be put on its canvas."""

from typing import NamedTuple

from PIL import Image

from lib.images import attention, colour, decode, geometry, limits, orient
from lib.images.formats.jpeg import JpegHeader
from lib.images.geometry import Box, Focus, Geometry
from lib.images.header import Header
from lib.images.resample import resample
from lib.sizes import Size


class TransformedImage(NamedTuple):
    """A finished picture in L, RGB, LA or RGBA, with where it came from and goes to."""

    image: Image.Image
    header: Header
    plan: Geometry


def transform_still(header: Header, size: Size, focus: Focus | None = None) -> TransformedImage:
    """A photo's one picture, or the first of several; a crop is laid around `focus`."""
    if isinstance(header, JpegHeader):
        return _from_jpeg(header, size, focus)
    plan = geometry.fit(size, *header.upright)
    limits.check(header, size, plan.canvas)
    with decode.decoding(header):
        image = decode.open_image(header)
        header = decode.as_told_by(image, header)
        plan = geometry.fit(size, *header.upright)
        limits.check(header, size, plan.canvas)
        pixels = decode.load(image, header)
        return transform(pixels, header, attended(pixels, header, plan, size, focus))


def _from_jpeg(header: JpegHeader, size: Size, focus: Focus | None) -> TransformedImage:
    """Decoded at a scale, and no further down than the crop reaches."""
    plan = geometry.fit(size, *header.upright, focus=focus)
    limits.check(header, size, plan.canvas, decode.jpeg_scale(plan.shrink))
    # What draws the eye is looked for in the whole photo.
    searched = size.searches and focus is None
    wanted = (0, 0, header.width, header.height) if searched else _stored(plan, header)
    with decode.decoding(header):
        image, scale = decode.load_jpeg(header, wanted, plan.shrink)
        return transform(image, header, attended(image, header, plan, size, focus), scale)


def attended(
    image: Image.Image, header: Header, plan: Geometry, size: Size, focus: Focus | None
) -> Geometry:
    """The plan, its crop moved to `focus`, or to what draws the eye if the size asks for that."""
    if focus is not None:
        return geometry.fit(size, *header.upright, focus=focus)
    if not size.searches:
        return plan
    tiny = orient.auto_orient(attention.look(image), header.orientation)
    anchor = attention.anchor(tiny, plan.scaled[0] / plan.scaled[1])
    return geometry.fit(size, *header.upright, anchor=anchor)


def transform(
    image: Image.Image, header: Header, plan: Geometry, scale: int = 1
) -> TransformedImage:
    """Resize decoded pixels by a plan, turn them upright, bring their colours to sRGB.

    `scale` is the divisor that they were decoded at.
    """
    left, top, right, bottom = _stored(plan, header)
    box = (left / scale, top / scale, right / scale, bottom / scale)
    small = resample(image, box, orient.stored_size(plan.scaled, header.orientation))
    small = orient.auto_orient(colour.unpremultiply(small), header.orientation)
    small = colour.to_srgb(small, header.profile)
    # `info` is where Pillow keeps what came with the original, and where encoders look for it.
    small.info = {}
    return TransformedImage(small, header, plan)


def _stored(plan: Geometry, header: Header) -> Box:
    return orient.stored_box(plan.crop, header.orientation, (header.width, header.height))
