"""Which part of a photo is kept, and how many pixels it becomes. Numbers only."""

from typing import NamedTuple

from lib.sizes import Size


class Geometry(NamedTuple):
    """Where the pixels come from and go to, in pixels of the upright photo.

    `crop` is (left, top, right, bottom) of the part that is kept, `scaled` the size it is
    resampled to, `canvas` the size of the rendition (larger than `scaled` for contain).
    """

    crop: tuple[float, float, float, float]
    scaled: tuple[int, int]
    canvas: tuple[int, int]


def fit(size: Size, width: int, height: int) -> Geometry:
    """Fit a photo of width x height pixels into the box of `size`, as CSS object-fit does."""
    whole = (0.0, 0.0, float(width), float(height))
    if size.width is None or size.height is None:
        scaled = _inside(size, width, height)
        return Geometry(whole, scaled, scaled)
    box = (size.width, size.height)
    if size.fit == "cover":
        return _cover(size, width, height, box)
    if size.fit == "fill":
        scaled = box if size.enlarge else (min(box[0], width), min(box[1], height))
        return Geometry(whole, scaled, scaled)
    scaled = _inside(size, width, height)
    return Geometry(whole, scaled, box if size.fit == "contain" else scaled)


def _cover(size: Size, width: int, height: int, box: tuple[int, int]) -> Geometry:
    """The largest centred part of the box's ratio; never enlarged unless asked."""
    scale = max(box[0] / width, box[1] / height)
    kept = (min(width, box[0] / scale), min(height, box[1] / scale))
    left, top = (width - kept[0]) / 2, (height - kept[1]) / 2
    crop = (left, top, left + kept[0], top + kept[1])
    if scale > 1 and not size.enlarge:
        box = (max(1, round(kept[0])), max(1, round(kept[1])))
    return Geometry(crop, box, box)


def _inside(size: Size, width: int, height: int) -> tuple[int, int]:
    """The whole photo at the largest scale that stays within the edges that are given."""
    scales = [
        edge / length for edge, length in ((size.width, width), (size.height, height)) if edge
    ]
    scale = min(scales) if size.enlarge else min(1.0, *scales)
    return max(1, round(width * scale)), max(1, round(height * scale))
