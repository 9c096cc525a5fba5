"""Compares a variant with the best possible one by SSIM of luma."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageMath, ImageOps

# Wang et al. 2004, for samples from 0 to 255.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
# Windows of 8 x 8 pixels, every 4, as x264 and ffmpeg use for SSIM.
_WINDOW, _STEP = 8, 4


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Returns the SSIM of two images of mode F and equal size; 1 if they are the same."""
    if one.size != other.size:
        raise ValueError(f"images of {one.size} and {other.size} cannot be compared")
    offsets = [(x, y) for x in range(0, _WINDOW, _STEP) for y in range(0, _WINDOW, _STEP)]
    windows = [_windows(one, other, offset) for offset in offsets]
    return sum(map(sum, windows)) / sum(map(len, windows))


def _windows(one: Image.Image, other: Image.Image, offset: tuple[int, int]) -> list[float]:
    """Returns the SSIM of each window of the grid that begins at `offset`."""
    across, down = ((one.size[axis] - offset[axis]) // _WINDOW for axis in (0, 1))
    box = (*offset, offset[0] + across * _WINDOW, offset[1] + down * _WINDOW)
    a, b = one.crop(box), other.crop(box)
    mean_a, mean_b = _mean(a), _mean(b)
    squares = _mean(_map(lambda x, y: x * x + y * y, a, b))
    products = _mean(_map(lambda x, y: x * y, a, b))
    scores = []
    for u, v, square, product in zip(
        *(_values(image) for image in (mean_a, mean_b, squares, products)), strict=True
    ):
        variances, covariance = square - u * u - v * v, product - u * v
        score = (2 * u * v + _C1) * (2 * covariance + _C2)
        scores.append(score / ((u * u + v * v + _C1) * (variances + _C2)))
    return scores


def _map(
    function: Callable[[ImageMath._Operand, ImageMath._Operand], ImageMath._Operand],
    a: Image.Image,
    b: Image.Image,
) -> Image.Image:
    made: Image.Image = ImageMath.lambda_eval(
        lambda given: function(given["a"], given["b"]), a=a, b=b
    )
    return made


def _mean(image: Image.Image) -> Image.Image:
    return image.reduce(_WINDOW)


def _values(image: Image.Image) -> list[float]:
    return list(memoryview(image.tobytes()).cast("f"))


def luma(file: Path) -> Image.Image:
    """Reads a variant's luma, in mode F."""
    with Image.open(file) as image:
        return image.convert("RGB").convert("F")


def reference(source: Path, box: tuple[int, int]) -> Image.Image:
    """Renders the best possible variant: full decode, floating-point Lanczos, no encoding."""
    with Image.open(source) as image:
        upright = ImageOps.exif_transpose(image).convert("F")
    scale = max(box[0] / upright.width, box[1] / upright.height)
    cropped = (box[0] / scale, box[1] / scale)
    left, top = (upright.width - cropped[0]) / 2, (upright.height - cropped[1]) / 2
    crop = (left, top, min(upright.width, left + cropped[0]), min(upright.height, top + cropped[1]))
    return upright.resize(box, Image.Resampling.LANCZOS, box=crop)
