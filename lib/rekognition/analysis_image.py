"""The small image of a photo that is sent to Rekognition: a square JPEG of one fixed size."""

from typing import NamedTuple

from lib import images
from lib.images import Focus
from lib.sizes import Size

# Rekognition finds faces from a fiftieth of the long edge on, at any size: 1024 pixels show
# those with 20, and even noise stays far below Rekognition's limit of 5 MB.
EDGE = 1024


class AnalysisImage(NamedTuple):
    """The upright photo on a white square; `share` is how much of its edges (x, y) it covers."""

    jpeg: bytes
    share: tuple[float, float]

    def on_photo(self, x: float, y: float) -> Focus:
        """Converts shares of the square to shares of the photo; clamps them to its edges."""
        return self._along(x, 0), self._along(y, 1)

    def _along(self, position: float, axis: int) -> float:
        return min(1.0, max(0.0, (position - 0.5) / self.share[axis] + 0.5))


def make_analysis_image(source: bytes, memory: int) -> AnalysisImage:
    """Renders an encoded photo, or an animation's first frame, with `memory` MB.

    A square, because Rekognition rejects images with an edge below 80 pixels, and photos may be
    strips. Raises PermanentError as `lib.images.render` does.
    """
    square = Size(
        name="view",
        width=EDGE,
        height=EDGE,
        fit="contain",
        format="jpeg",
        enlarge=True,
        memory=memory,
    )
    rendition = images.render(source, square)
    width, height = rendition.source_width, rendition.source_height
    longest = max(width, height)
    return AnalysisImage(rendition.data, (width / longest, height / longest))
