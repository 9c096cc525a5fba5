"""Resizes a box of decoded pixels of any mode, in little memory.

Large images are averaged by whole factors first (as with Pillow's `reducing_gap`), band by band, so
that a change of mode makes no second full-size copy.
"""

from math import ceil, floor

from PIL import Image

from lib.images import colour
from lib.images.geometry import Box

# Averaging leaves at least twice the target size: the result then equals a Lanczos filter over all
# pixels (SSIM within 0.001).
_GAP = 2.0
# Radius of the Lanczos filter, in output pixels.
_LANCZOS_RADIUS = 3
# Pixels of a band: 4 MB, which stay in the CPU's cache.
_BAND_PIXELS = 1_000_000


def resample(image: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """Resizes the pixels in `box` of a loaded image to `size`, in one of the working modes."""
    if image.mode in colour.WORKING and not image.has_transparency_data:
        gap = _GAP if image.width * image.height > _BAND_PIXELS else None
        return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=gap)
    factors = tuple(
        max(1, floor((box[axis + 2] - box[axis]) / size[axis] / _GAP)) for axis in (0, 1)
    )
    region = _region(image.size, box, size)
    reduced = _reduce(image, region, (factors[0], factors[1]))
    inner = (
        (box[0] - region[0]) / factors[0],
        (box[1] - region[1]) / factors[1],
        min(reduced.width, (box[2] - region[0]) / factors[0]),
        min(reduced.height, (box[3] - region[1]) / factors[1]),
    )
    return reduced.resize(size, Image.Resampling.LANCZOS, box=inner)


def _region(whole: tuple[int, int], box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Returns the pixels that the filter reads: the box and a margin around it."""
    margin = [_LANCZOS_RADIUS * (box[axis + 2] - box[axis]) / size[axis] for axis in (0, 1)]
    return (
        max(0, floor(box[0] - margin[0])),
        max(0, floor(box[1] - margin[1])),
        min(whole[0], ceil(box[2] + margin[0])),
        min(whole[1], ceil(box[3] + margin[1])),
    )


def _reduce(
    image: Image.Image, region: tuple[int, int, int, int], factors: tuple[int, int]
) -> Image.Image:
    """Converts the region to a working mode, and averages it by whole factors."""
    left, top, right, bottom = region
    white = colour.white_of(image)
    rows = max(1, _BAND_PIXELS // (right - left) // factors[1]) * factors[1]
    target: Image.Image | None = None
    for y in range(top, bottom, rows):
        strip = image.crop((left, y, right, min(y + rows, bottom)))
        band = colour.to_working_mode(strip, white)
        band = band.reduce(factors) if factors != (1, 1) else band
        if target is None:
            target = Image.new(band.mode, (band.width, ceil((bottom - top) / factors[1])))
        target.paste(band, (0, (y - top) // factors[1]))
    if target is None:
        raise ValueError(f"no pixels in {region}")
    return target
