"""One resize from a part of the decoded pixels, whatever their mode, in little memory.

Formats that cannot decode at a scale are brought down by whole-number averaging first (Pillow's
`reducing_gap`), band by band, so that no second full-size copy is made for a change of mode.
"""

from math import ceil, floor

from PIL import Image

from lib.images import colour
from lib.images.geometry import Box

# Averaging leaves at least twice the pixels that are asked for, where Lanczos over all of them
# and over what is left can no longer be told apart (SSIM within 0.001).
_GAP = 2.0
# Lanczos looks this many output pixels to either side.
_REACH = 3
# Pixels that are changed to a working mode at once: 4 MB, which stays in a cache.
_BAND_PIXELS = 1_000_000


def resample(image: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """The pixels in `box` as a picture of `size`, in one of the working modes.

    The image is loaded and in any mode; the box is in its pixels.
    """
    if image.mode in colour.WORKING and not image.has_transparency_data:
        gap = _GAP if image.width * image.height > _BAND_PIXELS else None
        return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=gap)
    factors = tuple(
        max(1, floor((box[axis + 2] - box[axis]) / size[axis] / _GAP)) for axis in (0, 1)
    )
    region = _region(image.size, box, size)
    reduced = _reduced(image, region, (factors[0], factors[1]))
    inner = (
        (box[0] - region[0]) / factors[0],
        (box[1] - region[1]) / factors[1],
        min(reduced.width, (box[2] - region[0]) / factors[0]),
        min(reduced.height, (box[3] - region[1]) / factors[1]),
    )
    return reduced.resize(size, Image.Resampling.LANCZOS, box=inner)


def _region(whole: tuple[int, int], box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The pixels that have a say in the result: the box and what the filter reaches beside it."""
    reach = [_REACH * (box[axis + 2] - box[axis]) / size[axis] for axis in (0, 1)]
    return (
        max(0, floor(box[0] - reach[0])),
        max(0, floor(box[1] - reach[1])),
        min(whole[0], ceil(box[2] + reach[0])),
        min(whole[1], ceil(box[3] + reach[1])),
    )


def _reduced(
    image: Image.Image, region: tuple[int, int, int, int], factors: tuple[int, int]
) -> Image.Image:
    """The region in a working mode, averaged by whole factors."""
    left, top, right, bottom = region
    white = colour.white_of(image)
    rows = max(1, _BAND_PIXELS // (right - left) // factors[1]) * factors[1]
    target: Image.Image | None = None
    for y in range(top, bottom, rows):
        band = colour.working(image.crop((left, y, right, min(y + rows, bottom))), white)
        band = band.reduce(factors) if factors != (1, 1) else band
        if target is None:
            target = Image.new(band.mode, (band.width, ceil((bottom - top) / factors[1])))
        target.paste(band, (0, (y - top) // factors[1]))
    if target is None:
        raise ValueError(f"no pixels in {region}")
    return target
