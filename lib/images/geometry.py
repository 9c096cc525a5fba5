"""Computes which part of a photo is kept, and at what size."""

from typing import NamedTuple

from lib.sizes import MAX_EDGE, Size

Box = tuple[float, float, float, float]
# The focal point of a crop: shares (x, y) of the upright photo's width and height.
Focus = tuple[float, float]

# Each position as shares (x, y) of the free space. `attention` and `faces` depend on the photo's
# content: planned at the centre, then moved.
ANCHORS = {
    "top-left": (0.0, 0.0),
    "top": (0.5, 0.0),
    "top-right": (1.0, 0.0),
    "left": (0.0, 0.5),
    "center": (0.5, 0.5),
    "attention": (0.5, 0.5),
    "faces": (0.5, 0.5),
    "right": (1.0, 0.5),
    "bottom-left": (0.0, 1.0),
    "bottom": (0.5, 1.0),
    "bottom-right": (1.0, 1.0),
}


class Geometry(NamedTuple):
    """The plan of a rendition.

    `crop` is (left, top, right, bottom) in pixels of the upright photo, `scaled` the size that it
    is resampled to, `canvas` the size of the rendition (larger than `scaled` for contain), and
    `corner` the position of `scaled` on the canvas.
    """

    crop: Box
    scaled: tuple[int, int]
    canvas: tuple[int, int]
    corner: tuple[int, int] = (0, 0)

    @property
    def shrink(self) -> float:
        """The factor of the axis that shrinks less."""
        left, top, right, bottom = self.crop
        return min((right - left) / self.scaled[0], (bottom - top) / self.scaled[1])


def fit(
    size: Size,
    width: int,
    height: int,
    anchor: tuple[float, float] | None = None,
    focus: Focus | None = None,
) -> Geometry:
    """Fits a photo of width x height pixels into the box of `size`, as CSS object-fit does.

    `anchor` places the crop, as shares of the free space; the default is the size's position. With
    `focus`, the crop is centred there, as far as the photo's edges allow.
    """
    anchor = anchor or ANCHORS[size.own_position]
    whole = (0.0, 0.0, float(width), float(height))
    if size.width is None or size.height is None:
        scaled = _inside(size, width, height)
        return Geometry(whole, scaled, scaled)
    box = (size.width, size.height)
    if size.fit == "cover":
        return _cover(size, width, height, anchor, focus)
    if size.fit == "fill":
        scaled = box if size.enlarge else (min(box[0], width), min(box[1], height))
        return Geometry(whole, scaled, scaled)
    scaled = _inside(size, width, height)
    if size.fit == "inside":
        return Geometry(whole, scaled, scaled)
    corner = round((box[0] - scaled[0]) * anchor[0]), round((box[1] - scaled[1]) * anchor[1])
    return Geometry(whole, scaled, box, corner)


def _cover(
    size: Size, width: int, height: int, anchor: tuple[float, float], focus: Focus | None
) -> Geometry:
    """Plans the largest crop of the box's ratio; enlarges it only if the size does."""
    box = (size.width or width, size.height or height)
    scale = max(box[0] / width, box[1] / height)
    crop_size = (min(width, box[0] / scale), min(height, box[1] / scale))
    left, top = (width - crop_size[0]) * anchor[0], (height - crop_size[1]) * anchor[1]
    if focus:
        left = _centre(focus[0] * width, crop_size[0], width)
        top = _centre(focus[1] * height, crop_size[1], height)
    crop = (left, top, min(width, left + crop_size[0]), min(height, top + crop_size[1]))
    if scale > 1 and not size.enlarge:
        box = (max(1, round(crop_size[0])), max(1, round(crop_size[1])))
    return Geometry(crop, box, box)


def _centre(middle: float, length: float, whole: float) -> float:
    """Returns the start of a crop that is centred at `middle`, or as near as the photo allows."""
    return max(0.0, min(middle - length / 2, whole - length))


def _inside(size: Size, width: int, height: int) -> tuple[int, int]:
    """Returns the largest size of the whole photo within the given edges.

    An edge that is not given is bounded by MAX_EDGE: a strip of 1 x 30,000 pixels must not make a
    variant of any length.
    """
    scales = [(size.width or MAX_EDGE) / width, (size.height or MAX_EDGE) / height]
    scale = min(scales) if size.enlarge else min(1.0, *scales)
    return max(1, round(width * scale)), max(1, round(height * scale))
