"""Resizes a box of pixels of any mode, decoded or rows of a file, in little memory.

Large images are averaged by whole factors first (as with Pillow's `reducing_gap`), band by band, so
that a change of mode makes no second full-size copy.
"""

import warnings
from math import ceil, floor

from PIL import Image

from lib.images import colour, kernel
from lib.images.geometry import Box
from lib.images.rows import Rows

# Averaging leaves at least twice the target size: the result then equals a Lanczos filter over all
# pixels (SSIM within 0.001).
_GAP = 2.0
# Radius of the Lanczos filter, in output pixels.
_LANCZOS_RADIUS = 3
# Pixels of a band: 4 MB, which stay in the CPU's cache.
_BAND_PIXELS = 1_000_000
# A checkout that is not set up; a deploy without the kernel is refused.
_NO_KERNEL = (
    "the resampling kernel is not built for this machine, or its processor has no AVX2, so Pillow "
    "resizes, in five times the time: run make setup"
)


def resample(image: Image.Image | Rows, box: Box, size: tuple[int, int]) -> Image.Image:
    """Resizes the pixels in `box` of a loaded image to `size`, in one of the working modes."""
    is_small = image.width * image.height <= _BAND_PIXELS
    if is_small and isinstance(image, Rows):
        image = image.crop((0, 0, *image.size))
    working = image if isinstance(image, Image.Image) and _is_working(image) else None
    if is_small and working:
        return _filter(working, box, size)
    across, down = (
        min(kernel.MAX_FACTOR, max(1, floor((box[axis + 2] - box[axis]) / size[axis] / _GAP)))
        for axis in (0, 1)
    )
    if working and across == down == 1:
        return _filter(working, box, size)
    region = _region(image.size, box, size)
    factors = across, down
    if working:
        reduced = _average(working, region, factors)
    elif isinstance(image, Rows) and _is_working(image) and across == down == 1:
        return _filter_rows(image, box, size)
    else:
        reduced = _reduce(image, region, factors)
    inner = (
        (box[0] - region[0]) / across,
        (box[1] - region[1]) / down,
        min(reduced.width, (box[2] - region[0]) / across),
        min(reduced.height, (box[3] - region[1]) / down),
    )
    return _filter(reduced, inner, size)


def _is_working(image: Image.Image | Rows) -> bool:
    return image.mode in colour.WORKING and not image.has_transparency_data


def _filter(image: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """Resizes by a Lanczos filter."""
    left, top = round(box[0]), round(box[1])
    if box == (left, top, left + size[0], top + size[1]):
        return image.crop((left, top, left + size[0], top + size[1]))
    if kernel.is_available():
        return kernel.resample(image, box, size)
    warnings.warn(_NO_KERNEL, RuntimeWarning, stacklevel=1)
    return image.resize(size, Image.Resampling.LANCZOS, box=box)


def _filter_rows(rows: Rows, box: Box, size: tuple[int, int]) -> Image.Image:
    """Resizes by a Lanczos filter, band by band."""
    resize = kernel.Resize(rows.mode, rows.size, box, size)
    scale = (box[3] - box[1]) / size[1]
    lines = max(1, floor(_BAND_PIXELS / rows.width / scale))
    for first in range(0, size[1], lines):
        last = min(first + lines, size[1])
        part = (box[0], box[1] + first * scale, box[2], box[1] + last * scale)
        region = _region(rows.size, part, (size[0], last - first))
        band = rows.crop((0, region[1], rows.width, region[3]))
        resize.fill(band, region[1], first, last)
    return resize.target


def _average(
    image: Image.Image, region: tuple[int, int, int, int], factors: tuple[int, int]
) -> Image.Image:
    if kernel.is_available():
        return kernel.average(image, region, factors)
    return image.reduce(factors, region)


def _region(whole: tuple[int, int], box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Returns the pixels that the filter reads: the box and a margin around it."""
    scales = [(box[axis + 2] - box[axis]) / size[axis] for axis in (0, 1)]
    # Enlarging reads as many pixels as no change of size does.
    margin = [_LANCZOS_RADIUS * max(1.0, scale) for scale in scales]
    return (
        max(0, floor(box[0] - margin[0])),
        max(0, floor(box[1] - margin[1])),
        min(whole[0], ceil(box[2] + margin[0])),
        min(whole[1], ceil(box[3] + margin[1])),
    )


def _reduce(
    image: Image.Image | Rows, region: tuple[int, int, int, int], factors: tuple[int, int]
) -> Image.Image:
    """Converts the region to a working mode, and averages it by whole factors."""
    left, top, right, bottom = region
    white = colour.white_of(image) if isinstance(image, Image.Image) else 255.0
    rows = max(1, _BAND_PIXELS // (right - left) // factors[1]) * factors[1]
    target: Image.Image | None = None
    for y in range(top, bottom, rows):
        strip = image.crop((left, y, right, min(y + rows, bottom)))
        band = colour.to_working_mode(strip, white)
        if factors != (1, 1):
            band = _average(band, (0, 0, *band.size), factors)
        if target is None:
            target = Image.new(band.mode, (band.width, ceil((bottom - top) / factors[1])))
        target.paste(band, (0, (y - top) // factors[1]))
    if target is None:
        raise ValueError(f"no pixels in {region}")
    return target
