"""Which part of a photo is kept, and how many pixels it becomes. Numbers only."""

from typing import NamedTuple

from lib.sizes import MAX_EDGE, Size

Box = tuple[float, float, float, float]
# What a crop is laid around: shares (x, y) of the upright photo's width and height.
Focus = tuple[float, float]

# Where a position lies in the space that is left over, as shares of it (x, y).
# `attention` and `faces` depend on what is in the photo: asked for at the centre, then moved.
_ANCHORS = {
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
    """Where the pixels come from and go to, in pixels of the upright photo.

    `crop` is (left, top, right, bottom) of the part that is kept, `scaled` the size it is
    resampled to, `canvas` the size of the rendition (larger than `scaled` for contain), and
    `corner` where `scaled` lies on it.
    """

    crop: Box
    scaled: tuple[int, int]
    canvas: tuple[int, int]
    corner: tuple[int, int] = (0, 0)

    @property
    def shrink(self) -> float:
        """How many source pixels become one, along the axis that shrinks less."""
        left, top, right, bottom = self.crop
        return min((right - left) / self.scaled[0], (bottom - top) / self.scaled[1])


def fit(
    size: Size,
    width: int,
    height: int,
    anchor: tuple[float, float] | None = None,
    focus: Focus | None = None,
) -> Geometry:
    """Fit a photo of width x height pixels into the box of `size`, as CSS object-fit does.

    `anchor` moves the crop (shares of what is left over); by default the size's position says.
    With `focus` it has its middle there, as far as the photo's edges allow.
    """
    anchor = anchor or _ANCHORS[size.position]
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
    """The largest part of the box's ratio; never enlarged unless asked."""
    box = (size.width or width, size.height or height)
    scale = max(box[0] / width, box[1] / height)
    kept = (min(width, box[0] / scale), min(height, box[1] / scale))
    left, top = (width - kept[0]) * anchor[0], (height - kept[1]) * anchor[1]
    if focus:
        left = _around(focus[0] * width, kept[0], width)
        top = _around(focus[1] * height, kept[1], height)
    crop = (left, top, min(width, left + kept[0]), min(height, top + kept[1]))
    if scale > 1 and not size.enlarge:
        box = (max(1, round(kept[0])), max(1, round(kept[1])))
    return Geometry(crop, box, box)


def _around(middle: float, kept: float, whole: float) -> float:
    """Where a crop begins that has its middle there and ends within the photo; in pixels."""
    return max(0.0, min(middle - kept / 2, whole - kept))


def _inside(size: Size, width: int, height: int) -> tuple[int, int]:
    """The whole photo at the largest scale that stays within the edges that are given.

    An edge left open is bounded all the same: a strip of 1 x 30,000 pixels must not be able to
    make a variant as long as it likes.
    """
    scales = [(size.width or MAX_EDGE) / width, (size.height or MAX_EDGE) / height]
    scale = min(scales) if size.enlarge else min(1.0, *scales)
    return max(1, round(width * scale)), max(1, round(height * scale))
