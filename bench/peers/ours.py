"""This project's renderer, as the worker calls it."""

import PIL
from PIL import features

from bench.peers.peer import Peer, Wanted
from lib.images import kernel, render
from lib.sizes import Size


class Ours(Peer):
    """Calls `lib.images.render` with the default options of a size."""

    version = (
        f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}, "
        f"{'with' if kernel.is_available() else 'WITHOUT'} the resampling kernel"
    )

    def render(self, wanted: Wanted) -> bytes:
        """Renders one variant."""
        return render(self._source, Size.model_validate(wanted._asdict())).data
