"""The contenders' interface, and the settings that all of them use."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

# The defaults of `sizes.yml`.
JPEG_QUALITY = 80
WEBP_QUALITY, WEBP_METHOD = 80, 4
# On libavif's scale; libheif's effort is 9 - speed.
AVIF_QUALITY, AVIF_SPEED = 60, 8
PNG_LEVEL = 6


class Wanted(NamedTuple):
    """A variant to make: the box of a size (without a height, it follows), and the format."""

    name: str
    width: int
    height: int | None
    fit: str
    format: str


class AbsentError(Exception):
    """The contender is not installed; the message says how to install it."""


class Peer(ABC):
    """One contender; `version` names it and the libraries that do its work."""

    version: str

    def load(self, source: Path, wanted: list[Wanted]) -> None:
        """Reads the file into memory; not measured."""
        self._source = source.read_bytes()
        del wanted

    @abstractmethod
    def render(self, wanted: Wanted) -> bytes:
        """Renders the photo, upright, cropped around its centre where `wanted` covers its box."""
