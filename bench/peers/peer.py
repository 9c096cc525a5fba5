"""What every contender is asked to do, with the settings that are the same for all."""

from abc import ABC, abstractmethod
from pathlib import Path

# What `sizes.yml` has by default: the figures of all contenders are made with these.
JPEG_QUALITY = 80
WEBP_QUALITY, WEBP_METHOD = 80, 4
# On libavif's scale; libheif counts effort from the other end: 9 - speed.
AVIF_QUALITY, AVIF_SPEED = 60, 8
PNG_LEVEL = 6

Box = tuple[int, int]


class AbsentError(Exception):
    """The contender is not on this machine; the text says how to get it."""


class Peer(ABC):
    """One contender, warm for as long as its process lives.

    `version` is its name and version, and those of the libraries that do the work.
    """

    version: str

    def load(self, source: Path, boxes: list[Box]) -> None:
        """Take the file into memory. Not on the clock."""
        self._source = source.read_bytes()
        del boxes

    @abstractmethod
    def render(self, box: Box, target: str) -> bytes:
        """The photo, cropped to `box` around its centre, encoded as `target`."""
