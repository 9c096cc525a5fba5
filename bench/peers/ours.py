"""This project's renderer, as the worker calls it."""

import PIL
from PIL import features

from bench.peers.peer import Box, Peer
from lib.images import render
from lib.sizes import Size


class Ours(Peer):
    """Calls `lib.images.render` with the default options of a size."""

    version = f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}"

    def render(self, box: Box, target: str) -> bytes:
        """Renders one variant."""
        size = Size.model_validate({"width": box[0], "height": box[1], "format": target})
        return render(self._source, size).data
