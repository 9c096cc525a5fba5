"""Transforms a photo: decodes, crops, resizes, orients and converts it to sRGB."""

from typing import NamedTuple

from PIL import Image, ImageFile

from lib.images import (
    attention,
    avif_rows,
    colour,
    decode,
    geometry,
    limits,
    orient,
    png_rows,
    tiff_rows,
)
from lib.images.formats.jpeg import JpegHeader
from lib.images.geometry import Box, Focus, Geometry
from lib.images.header import Header
from lib.images.resample import resample
from lib.images.rows import Rows
from lib.sizes import Size


class TransformedImage(NamedTuple):
    """A transformed image in L, RGB, LA or RGBA, with its original's header and its plan."""

    image: Image.Image
    header: Header
    plan: Geometry


def transform_still(header: Header, size: Size, focus: Focus | None = None) -> TransformedImage:
    """Transforms a photo, or an animation's first frame, with the crop around `focus`."""
    if isinstance(header, JpegHeader):
        return _transform_jpeg(header, size, focus)
    plan = geometry.fit(size, *header.upright, focus=focus)
    limits.check(header, size, plan.canvas)
    with decode.decoding(header):
        image = decode.open_image(header)
        header = decode.complete_header(image, header)
        plan = geometry.fit(size, *header.upright, focus=focus)
        limits.check(header, size, plan.canvas)
        # The saliency map needs the whole photo, and before the crop is known.
        rows = None if size.searches and focus is None else _open_rows(image, header)
        if rows:
            return transform(rows, header, plan)
        pixels, scale = decode.load_scaled(image, header, plan.shrink)
        return transform(pixels, header, place_crop(pixels, header, plan, size, focus), scale)


def _open_rows(image: ImageFile.ImageFile, header: Header) -> Rows | None:
    """Returns the rows of an opened picture, or None if Pillow has to decode it."""
    openers = (png_rows.open_rows, tiff_rows.open_rows, avif_rows.open_rows)
    return next((rows for each in openers if (rows := each(image, header))), None)


def _transform_jpeg(header: JpegHeader, size: Size, focus: Focus | None) -> TransformedImage:
    """Decodes a JPEG at a scale, only down to the bottom of the crop."""
    plan = geometry.fit(size, *header.upright, focus=focus)
    limits.check(header, size, plan.canvas, decode.jpeg_scale(plan.shrink))
    # The saliency map needs the whole photo.
    searches = size.searches and focus is None
    box = (0, 0, header.width, header.height) if searches else _stored_crop(plan, header)
    height = orient.stored_size(plan.scaled, header.orientation)[1]
    with decode.decoding(header):
        image, scale = decode.load_jpeg(header, box, height, plan.shrink)
        return transform(image, header, place_crop(image, header, plan, size, focus), scale)


def place_crop(
    image: Image.Image, header: Header, plan: Geometry, size: Size, focus: Focus | None
) -> Geometry:
    """Moves the plan's crop to `focus`, or to the most salient part if the size's position does."""
    if focus is not None:
        return geometry.fit(size, *header.upright, focus=focus)
    if not size.searches:
        return plan
    thumbnail = orient.auto_orient(attention.make_thumbnail(image), header.orientation)
    anchor = attention.find_anchor(thumbnail, plan.scaled[0] / plan.scaled[1])
    return geometry.fit(size, *header.upright, anchor=anchor)


def transform(
    image: Image.Image | Rows, header: Header, plan: Geometry, scale: int = 1
) -> TransformedImage:
    """Resizes decoded pixels by a plan, orients them, and converts them to sRGB.

    `scale` is the divisor that they were decoded at.
    """
    left, top, right, bottom = _stored_crop(plan, header)
    box = (left / scale, top / scale, right / scale, bottom / scale)
    small = resample(image, box, orient.stored_size(plan.scaled, header.orientation))
    small = orient.auto_orient(colour.unpremultiply(small), header.orientation)
    small = colour.to_srgb(small, header.profile)
    # Pillow's encoders would write the original's metadata from `info`.
    small.info = {}
    return TransformedImage(small, header, plan)


def _stored_crop(plan: Geometry, header: Header) -> Box:
    return orient.stored_box(plan.crop, header.orientation, (header.width, header.height))
