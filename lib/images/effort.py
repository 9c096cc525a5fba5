"""Estimates the time to encode an image in all its formats, before it is encoded.

The time depends on the image's density, which is measured by a quick JPEG at 5 ns a pixel. Figures
are of noise and photographs of 16 MP, at the least effort of each encoder.
"""

import io

from PIL import Image

from lib.errors import PermanentError, Reason
from lib.sizes import Size

# For all formats of a photo together: as long as an animation may take.
MAX_SECONDS = 9.0
# Below this, no image and no set of formats takes so long.
FEW_PIXELS = 4_000_000
# Nanoseconds a pixel, and a byte of the quick JPEG.
_COSTS = {"jpeg": (7, 50), "webp": (30, 65), "avif": (50, 260)}
# The density of a photograph.
_PHOTO_DENSITY = 0.2
# From this density on, the WebP encoder may fail; a second try takes so many nanoseconds a pixel.
_WEBP_DENSITY, _SECOND_TRY = 0.65, 70
# Nanoseconds a pixel; the density hardly matters for these.
_PNG, _LOSSLESS_WEBP, _GIF = 110, 135, 35
# Alpha is encoded like one more image.
_PLANES = {"LA": 2, "RGBA": 2}


def check(image: Image.Image, canvas: tuple[int, int], targets: list[str], size: Size) -> None:
    """Raises PermanentError for an image that takes too long to encode in all these formats."""
    pixels = canvas[0] * canvas[1] * _PLANES.get(image.mode, 1)
    if pixels <= FEW_PIXELS:
        return
    seconds = pixels * sum(_nanoseconds(image, target, size) for target in targets) / 1e9
    if seconds > MAX_SECONDS:
        raise PermanentError(
            Reason.TOO_MANY_PIXELS,
            f"{canvas[0]} x {canvas[1]} pixels of this picture take some {seconds:.0f} s to encode "
            f"as {', '.join(targets)}; the limit is {MAX_SECONDS:.0f}: give the size fewer "
            "formats or a smaller box",
        )


def estimate_nanoseconds(target: str, size: Size, density: float = _PHOTO_DENSITY) -> float:
    """Estimates the time to encode one pixel in one format, by default of a photograph."""
    if target == "png":
        return _PNG
    if target == "gif":
        return _GIF
    if target == "webp" and size.lossless:
        return _LOSSLESS_WEBP
    each, dense = _COSTS[target]
    if target == "webp" and density > _WEBP_DENSITY:
        each += _SECOND_TRY
    return each + dense * density


def _nanoseconds(image: Image.Image, target: str, size: Size) -> float:
    """Estimates the time of one pixel in one format, by the image's density if that matters."""
    if target not in _COSTS or (target == "webp" and size.lossless):
        return estimate_nanoseconds(target, size)
    return estimate_nanoseconds(target, size, _density(image, size.quality_of(target)))


def _density(image: Image.Image, quality: int) -> float:
    """Returns a JPEG's bytes a pixel: at quality 80, 0.1 to 0.3 for photographs, 0.6 for noise."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return len(out.getbuffer()) / (image.width * image.height)
