"""The contenders' interface, and the settings that all of them use."""

from abc import ABC, abstractmethod
from pathlib import Path

# The defaults of `sizes.yml`.
JPEG_QUALITY = 80
WEBP_QUALITY, WEBP_METHOD = 80, 4
# On libavif's scale; libheif's effort is 9 - speed.
AVIF_QUALITY, AVIF_SPEED = 60, 8
PNG_LEVEL = 6

Box = tuple[int, int]


class AbsentError(Exception):
    """The contender is not installed; the message says how to install it."""


class Peer(ABC):
    """One contender; `version` names it and the libraries that do its work."""

    version: str

    def load(self, source: Path, boxes: list[Box]) -> None:
        """Reads the file into memory; not measured."""
        self._source = source.read_bytes()
        del boxes

    @abstractmethod
    def render(self, box: Box, target: str) -> bytes:
        """Renders the photo, cropped to `box` around its centre, encoded as `target`."""
