"""What Rekognition gets to see of a photo: one JPEG of one size, whatever the photo's own are."""

from typing import NamedTuple

from lib import images
from lib.images import Focus
from lib.sizes import Size

# Rekognition finds faces from a fiftieth of the long edge on, whatever the size: 1024 pixels show
# those with 20, and even noise stays far below the 5 MB that it takes.
EDGE = 1024


class AnalysisImage(NamedTuple):
    """The upright photo on a white square; `share` is how much of its edges (x, y) it covers."""

    jpeg: bytes
    share: tuple[float, float]

    def on_photo(self, x: float, y: float) -> Focus:
        """A place of the square, in shares of the photo; the nearest one where it is beside it."""
        return self._along(x, 0), self._along(y, 1)

    def _along(self, place: float, axis: int) -> float:
        return min(1.0, max(0.0, (place - 0.5) / self.share[axis] + 0.5))


def make_analysis_image(source: bytes, memory: int) -> AnalysisImage:
    """What is seen of an encoded photo in a function of so much memory (MB).

    Of an animation it is the first frame. A square, because Rekognition refuses pictures with an
    edge below 80 pixels, and photos may be strips. Raises PermanentError as `lib.images.render`.
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
    seen = images.render(source, square)
    longest = max(seen.source_width, seen.source_height)
    return AnalysisImage(seen.data, (seen.source_width / longest, seen.source_height / longest))
