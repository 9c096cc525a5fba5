"""How much a variant looks like what it should: SSIM of luma, and the picture to compare with."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageMath, ImageOps

# Wang et al. 2004, for samples from 0 to 255.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
# Windows of 8 x 8 pixels, every 4: what x264 and ffmpeg take for SSIM.
_WINDOW, _STEP = 8, 4


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity of two pictures in mode F and of one size; 1 for the same."""
    if one.size != other.size:
        raise ValueError(f"pictures of {one.size} and {other.size} cannot be compared")
    offsets = [(x, y) for x in range(0, _WINDOW, _STEP) for y in range(0, _WINDOW, _STEP)]
    windows = [_windows(one, other, offset) for offset in offsets]
    return sum(map(sum, windows)) / sum(map(len, windows))


def _windows(one: Image.Image, other: Image.Image, offset: tuple[int, int]) -> list[float]:
    """SSIM of each window of the grid that begins at `offset`."""
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
    """A variant's luma, in mode F."""
    with Image.open(file) as image:
        return image.convert("RGB").convert("F")


def reference(source: Path, box: tuple[int, int]) -> Image.Image:
    """The best variant there is: every pixel decoded, Lanczos in floating point, not encoded."""
    with Image.open(source) as image:
        upright = ImageOps.exif_transpose(image).convert("F")
    scale = max(box[0] / upright.width, box[1] / upright.height)
    kept = (box[0] / scale, box[1] / scale)
    left, top = (upright.width - kept[0]) / 2, (upright.height - kept[1]) / 2
    crop = (left, top, min(upright.width, left + kept[0]), min(upright.height, top + kept[1]))
    return upright.resize(box, Image.Resampling.LANCZOS, box=crop)
