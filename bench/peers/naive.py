"""Pillow as most tutorials use it: decode the whole photo, fit, save optimized."""

import io
from typing import Any

import PIL
from PIL import Image, ImageOps

from bench.peers.peer import (
    AVIF_QUALITY,
    AVIF_SPEED,
    JPEG_QUALITY,
    WEBP_METHOD,
    WEBP_QUALITY,
    Peer,
    Wanted,
)

_OPTIONS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": JPEG_QUALITY, "progressive": True, "optimize": True},
    "png": {"optimize": True},
    "webp": {"quality": WEBP_QUALITY, "method": WEBP_METHOD},
    "avif": {"quality": AVIF_QUALITY, "speed": AVIF_SPEED},
}


class Naive(Peer):
    """Renders correctly, but slowly."""

    version = f"Pillow {PIL.__version__}"

    def render(self, wanted: Wanted) -> bytes:
        """Renders one variant."""
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(self._source)))
        height = wanted.height or round(image.height * wanted.width / image.width)
        fit = ImageOps.contain if wanted.fit == "inside" else ImageOps.fit
        out = io.BytesIO()
        fit(image, (wanted.width, height), Image.Resampling.LANCZOS).save(
            out, wanted.format, **_OPTIONS[wanted.format]
        )
        return out.getvalue()
