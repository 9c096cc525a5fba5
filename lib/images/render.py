"""One photo rendered at one size, with Pillow."""

import io
from typing import NamedTuple

from PIL import Image, ImageOps

from lib.errors import PermanentError, Reason
from lib.images import geometry
from lib.sizes import Size

# Part of every recipe id: raise it when a change here alters the pixels of variants, so that
# the old ones count as stale.
RENDERER_VERSION = "1"

# Pillow's name of a format -> the Content-Type of what is encoded.
_CONTENT_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

# 50 MP of RGBA take 200 MB decoded: with a copy or two that fits a 1769 MB function.
MAX_PIXELS = 50_000_000


class Rendition(NamedTuple):
    """What a render gives: the encoded picture, its type, and its true size in pixels.

    `source_width` and `source_height` are those of the upright original.
    """

    data: bytes
    content_type: str
    width: int
    height: int
    source_width: int
    source_height: int


def render(source: bytes, size: Size) -> Rendition:
    """Render an encoded photo (JPEG, PNG or WebP) at a size.

    Raises PermanentError, with its reason, for bytes that can never be rendered.
    """
    if not source:
        raise PermanentError(Reason.EMPTY, "the file has no bytes: upload it again")
    image = _open(source)
    source_format = str(image.format)
    try:
        upright = ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception as error:
        raise _undecodable(error) from error
    plan = geometry.fit(size, *upright.size)
    target = source_format if size.format == "keep" else size.format.upper()
    pixels = _resized(upright, plan)
    if plan.canvas != plan.scaled or target == "JPEG":
        pixels = _on_background(pixels, plan.canvas, size.background)
    return Rendition(
        _encoded(pixels, target, size.quality), _CONTENT_TYPES[target], *plan.canvas, *upright.size
    )


def _open(source: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(source), formats=list(_CONTENT_TYPES))
    except Exception as error:
        raise PermanentError(
            Reason.UNSUPPORTED, "is not a JPEG, PNG or WebP picture: upload one of these"
        ) from error
    if image.width * image.height > MAX_PIXELS:
        raise PermanentError(
            Reason.TOO_MANY_PIXELS,
            f"{image.width} x {image.height} pixels; the limit is {MAX_PIXELS:,}: upload a "
            "smaller one",
        )
    return image


def _undecodable(error: Exception) -> PermanentError:
    if isinstance(error, OSError):
        return PermanentError(Reason.TRUNCATED, f"the picture breaks off: {error}")
    return PermanentError(Reason.CORRUPT, f"the picture cannot be decoded: {error}")


def _resized(image: Image.Image, plan: geometry.Geometry) -> Image.Image:
    transparent = image.has_transparency_data
    pixels = image.convert("RGBA" if transparent else "RGB")
    return pixels.resize(plan.scaled, Image.Resampling.LANCZOS, box=plan.crop, reducing_gap=2.0)


def _on_background(image: Image.Image, canvas: tuple[int, int], background: str) -> Image.Image:
    page = Image.new("RGB", canvas, background)
    corner = ((canvas[0] - image.width) // 2, (canvas[1] - image.height) // 2)
    page.paste(image, corner, image if image.mode == "RGBA" else None)
    return page


def _encoded(image: Image.Image, target: str, quality: int) -> bytes:
    # Nothing of the original's metadata is handed on: `info` is where Pillow keeps it.
    image.info = {}
    out = io.BytesIO()
    if target == "JPEG":
        image.save(out, "JPEG", quality=quality, progressive=True, subsampling="4:2:0")
    elif target == "PNG":
        image.save(out, "PNG")
    else:
        image.save(out, "WEBP", quality=quality)
    return out.getvalue()
