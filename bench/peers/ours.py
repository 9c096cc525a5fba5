"""This project's renderer, called as the worker calls it."""

import PIL
from PIL import features

from bench.peers.peer import Box, Peer
from lib.images import render
from lib.sizes import Size


class Ours(Peer):
    """`lib.images.render` with the sizes' own defaults."""

    version = f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}"

    def render(self, box: Box, target: str) -> bytes:
        """One variant."""
        size = Size.model_validate({"width": box[0], "height": box[1], "format": target})
        return render(self._source, size).data
