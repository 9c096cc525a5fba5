"""Pillow as most tutorials use it: decode the whole photo, fit, save optimized."""

import io
from typing import Any

import PIL
from PIL import Image, ImageOps

from bench.peers import peer
from bench.peers.peer import Peer, Wanted

_OPTIONS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": peer.JPEG_QUALITY, "progressive": True, "optimize": True},
    "png": {"optimize": True},
    "webp": {"quality": peer.WEBP_QUALITY, "method": peer.WEBP_METHOD},
    "avif": {"quality": peer.AVIF_QUALITY, "speed": peer.AVIF_SPEED},
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
