"""Renders a JPEG as a JPEG without a conversion to RGB and back."""

from typing import NamedTuple

from lib.images import colour, effort, geometry, jpeg_planes, limits
from lib.images.decode import jpeg_scale
from lib.images.encode import list_targets
from lib.images.formats.jpeg import JpegHeader
from lib.images.geometry import Focus, Geometry
from lib.images.header import Header
from lib.images.jpeg_planes import Planes
from lib.sizes import Size


class PlanarRendition(NamedTuple):
    """An encoded JPEG, its planes and its plan."""

    data: bytes
    planes: Planes
    plan: Geometry


def render(header: Header, size: Size, focus: Focus | None) -> PlanarRendition | None:
    """Renders a JPEG as a JPEG, with its crop around `focus`.

    Returns None if Pillow has to: for other formats, for what is drawn, searched or converted in
    RGB, and for what `decode` leaves to it. Raises PermanentError for too large photos.
    """
    if not isinstance(header, JpegHeader) or not _suits(header, size, focus):
        return None
    plan = geometry.fit(size, *header.upright, focus=focus)
    # What may take too long to encode is estimated, from pixels in RGB.
    if plan.canvas != plan.scaled or plan.canvas[0] * plan.canvas[1] > effort.FEW_PIXELS:
        return None
    limits.check(header, size, plan.canvas, jpeg_scale(plan.shrink))
    planes = jpeg_planes.decode(header, plan)
    data = jpeg_planes.encode(planes, size.quality_of("jpeg")) if planes else None
    return PlanarRendition(data, planes, plan) if planes and data else None


def _suits(header: JpegHeader, size: Size, focus: Focus | None) -> bool:
    searches = size.searches and focus is None
    return (
        list_targets(size, header.codec, transparent=False) == ["jpeg"]
        and not (searches or size.watermark)
        and header.components == len(Planes._fields)
        and colour.is_srgb(header.profile)
    )
