"""Decodes a TIFF's rows from its strips as they are needed, so that a large one is not in memory.

Pillow has the whole picture in memory, four bytes a pixel, and inflates with the system's zlib.
What is not stored in the usual way, or compressed in another one, is left to Pillow.
"""

from itertools import pairwise

from PIL import Image, ImageFile

from lib.images import kernel
from lib.images.formats.tiff import TiffHeader
from lib.images.formats.tiff_strips import Strips
from lib.images.header import Header
from lib.images.inflate import Inflater
from lib.images.rows import SKIPPED_BYTES, Rows

# Modes of which the file has the same samples; Pillow converts the others.
_MODES = {"L", "LA", "RGB", "RGBA", "CMYK"}
_DEFLATED = {"tiff_adobe_deflate", "tiff_deflate"}
# The first byte of a strip in LZW: the higher bits of the code 256, in 9 bits.
_CLEAR = 0x80
_FILTERS = {1: kernel.Filter.NONE, 2: kernel.Filter.LEFT}


class _RawRows(Rows):
    """The rows of a TIFF that is not compressed."""

    _filter = kernel.Filter.NONE

    def __init__(self, image: ImageFile.ImageFile, strips: Strips) -> None:
        super().__init__(image)
        self._strips = strips
        self._length = self.width * self._samples
        self._row_above = Image.new(self.mode, (self.width, 1))

    def _read(self, top: int, rows: int) -> Image.Image:
        image = Image.new(self.mode, (self.width, rows))
        data, at = self._stored(top, top + rows)
        kernel.read_rows(data, at, self._filter, self._samples, self._row_above, image)
        return image

    def _stored(self, top: int, bottom: int) -> tuple[bytes, int]:
        """Returns bytes with the samples of rows, and where in them these begin."""
        source = self._strips.source
        places = [
            (self._strips.offsets[number] + first * self._length, (end - first) * self._length)
            for number, first, end in self._strips.split(top, bottom)
        ]
        if all(at + size == following for (at, size), (following, _) in pairwise(places)):
            return source, places[0][0]
        return b"".join(source[at : at + size] for at, size in places), 0


class _DeflatedRows(_RawRows):
    """The rows of a TIFF whose strips are zlib streams."""

    def __init__(self, image: ImageFile.ImageFile, strips: Strips) -> None:
        super().__init__(image, strips)
        self._filter = _FILTERS[strips.predictor]
        self._number = -1

    def _stored(self, top: int, bottom: int) -> tuple[bytes, int]:
        return b"".join(self._inflate(*place) for place in self._strips.split(top, bottom)), 0

    def _inflate(self, number: int, first: int, end: int) -> bytes:
        """Inflates rows of a strip, which follow those of the last call."""
        if number != self._number:
            at, size = self._strips.offsets[number], self._strips.counts[number]
            self._inflater = Inflater([memoryview(self._strips.source)[at : at + size]])
            self._number, self._next = number, 0
        while self._next < first:
            skipped = min(first - self._next, max(1, SKIPPED_BYTES // self._length))
            self._inflater.read(skipped * self._length)
            self._next += skipped
        self._next = end
        return self._inflater.read((end - first) * self._length)


class _LzwRows(_RawRows):
    """The rows of a TIFF whose strips are LZW, and of few bytes each."""

    def __init__(self, image: ImageFile.ImageFile, strips: Strips) -> None:
        super().__init__(image, strips)
        self._filter = _FILTERS[strips.predictor]
        self._number, self._strip = -1, b""

    def _stored(self, top: int, bottom: int) -> tuple[bytes, int]:
        return b"".join(self._decode(*place) for place in self._strips.split(top, bottom)), 0

    def _decode(self, number: int, first: int, end: int) -> bytes:
        if number != self._number:
            at, size = self._strips.offsets[number], self._strips.counts[number]
            rows = min(self._strips.rows, self.height - number * self._strips.rows)
            self._strip = kernel.read_lzw(self._strips.source, at, size, rows * self._length)
            self._number = number
        return self._strip[first * self._length : end * self._length]


def open_rows(image: ImageFile.ImageFile, header: Header) -> Rows | None:
    """Returns the rows of an opened TIFF, or None if Pillow has to decode it."""
    if not isinstance(header, TiffHeader) or not kernel.is_available():
        return None
    strips = header.strips
    as_stored = all((tile.args or "")[0] == image.mode for tile in image.tile)
    if strips is None or image.mode not in _MODES or not as_stored:
        return None
    compression = image.info["compression"]
    if compression in _DEFLATED:
        return _DeflatedRows(image, strips)
    if compression == "tiff_lzw" and _is_usual_lzw(image, strips):
        return _LzwRows(image, strips)
    return _RawRows(image, strips) if compression == "raw" and _is_whole(image, strips) else None


def _is_whole(image: ImageFile.ImageFile, strips: Strips) -> bool:
    """Returns whether all strips have the bytes of their rows."""
    length = image.width * len(image.getbands())
    return all(
        strips.counts[number] >= rows * length for number, _, rows in strips.split(0, image.height)
    )


def _is_usual_lzw(image: ImageFile.ImageFile, strips: Strips) -> bool:
    """Returns whether strips are small, and begin with a code to clear the table.

    They did not before TIFF 5.0, when the order of bits was the other one.
    """
    small = strips.rows * image.width * len(image.getbands()) <= kernel.MAX_LZW
    return small and all(strips.source[at] == _CLEAR for at in strips.offsets)
