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
    Box,
    Peer,
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

    def render(self, box: Box, target: str) -> bytes:
        """Renders one variant."""
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(self._source)))
        out = io.BytesIO()
        ImageOps.fit(image, box, Image.Resampling.LANCZOS).save(out, target, **_OPTIONS[target])
        return out.getvalue()
