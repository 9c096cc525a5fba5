"""How long the encoders take for a picture in all its formats, told before they are given it.

How dense a picture is decides that, and a quick JPEG of it, which takes 5 ns a pixel, tells how
dense it is. Figures are of 16 MP of noise and of photographs, at the least effort of each encoder.
"""

import io

from PIL import Image

from lib.errors import PermanentError, Reason
from lib.sizes import Size

# For all formats of one photo together: as long as an animation may take.
MAX_SECONDS = 9.0
# Up to here no formats take that long, whatever the picture.
_FEW_PIXELS = 4_000_000
# Nanoseconds for each pixel, and for each byte that the quick JPEG has of it.
_COSTS = {"jpeg": (7, 50), "webp": (30, 65), "avif": (50, 260)}
# WebP may give up on what is as dense as this, and takes another try of so many.
_GIVES_UP, _SECOND_TRY = 0.65, 70
# Of these the density hardly matters.
_PNG, _LOSSLESS_WEBP, _GIF = 110, 135, 35
# Alpha is encoded like one more picture.
_PICTURES = {"LA": 2, "RGBA": 2}


def check(image: Image.Image, canvas: tuple[int, int], targets: list[str], size: Size) -> None:
    """Refuse a finished picture that takes too long to encode in all these formats."""
    pixels = canvas[0] * canvas[1] * _PICTURES.get(image.mode, 1)
    if pixels <= _FEW_PIXELS:
        return
    seconds = pixels * sum(_nanoseconds(image, target, size) for target in targets) / 1e9
    if seconds > MAX_SECONDS:
        raise PermanentError(
            Reason.TOO_MANY_PIXELS,
            f"{canvas[0]} x {canvas[1]} pixels of this picture take some {seconds:.0f} s to encode "
            f"as {', '.join(targets)}; the limit is {MAX_SECONDS:.0f}: ask for fewer formats or a "
            "smaller box",
        )


def _nanoseconds(image: Image.Image, target: str, size: Size) -> float:
    """What one pixel takes in one format."""
    if target == "png":
        return _PNG
    if target == "gif":
        return _GIF
    if target == "webp" and size.lossless:
        return _LOSSLESS_WEBP
    each, dense = _COSTS[target]
    density = _density(image, size.quality_of(target))
    if target == "webp" and density > _GIVES_UP:
        each += _SECOND_TRY
    return each + dense * density


def _density(image: Image.Image, quality: int) -> float:
    """Bytes a pixel of a JPEG: 0.1 to 0.3 of a photograph, 0.6 of noise, at quality 80."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return len(out.getbuffer()) / (image.width * image.height)
