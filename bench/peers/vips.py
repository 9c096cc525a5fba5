"""pyvips with `thumbnail`, its shortest way.

Its rule keeps twice the pixels before a resize, so it decodes more than sharp does.
"""

import os
from typing import Any

from bench.peers import peer
from bench.peers.peer import AbsentError, Peer, Wanted

_SAVERS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": (
        "jpegsave_buffer",
        {"Q": peer.JPEG_QUALITY, "interlace": True, "subsample_mode": "on"},
    ),
    "png": ("pngsave_buffer", {"compression": peer.PNG_LEVEL, "filter": "all"}),
    "webp": ("webpsave_buffer", {"Q": peer.WEBP_QUALITY, "effort": peer.WEBP_METHOD}),
    "avif": (
        "heifsave_buffer",
        {
            "Q": peer.AVIF_QUALITY,
            "compression": "av1",
            "effort": 9 - peer.AVIF_SPEED,
            "bitdepth": 8,
            "subsample_mode": "on",
        },
    ),
}

_ANY = 10_000_000  # pixels of an edge that the other one decides


class Vips(Peer):
    """Uses one thread and no operation cache, so that each job does all of its work."""

    def __init__(self) -> None:
        # libvips reads the variable once, at load time.
        os.environ["VIPS_CONCURRENCY"] = "1"
        try:
            import pyvips  # noqa: PLC0415  after the line above, and only if installed
        except (ImportError, OSError) as error:
            raise AbsentError("pip install pyvips pyvips-binary") from error
        pyvips.cache_set_max(0)
        self._pyvips = pyvips
        numbers = ".".join(str(pyvips.version(part)) for part in range(3))
        self.version = f"pyvips {pyvips.__version__}, libvips {numbers}"

    def render(self, wanted: Wanted) -> bytes:
        """Renders one variant."""
        crop = "centre" if wanted.fit == "cover" and wanted.height else "none"
        image = self._pyvips.Image.thumbnail_buffer(
            self._source, wanted.width, height=wanted.height or _ANY, crop=crop, size="down"
        )
        saver, options = _SAVERS[wanted.format]
        data: bytes = getattr(image, saver)(keep="none", **options)
        return data
