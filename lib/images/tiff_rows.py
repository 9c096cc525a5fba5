"""Decodes a TIFF's rows from its strips as they are needed, so that a large one is not in memory.

Pillow has the whole picture in memory, four bytes a pixel, and inflates with the system's zlib.
Only plain strips are read here: one plane of 8 bits a sample, as it is or deflated, all within the
file. Others are left to Pillow.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import ceil
from operator import add
from typing import Any, NamedTuple

from PIL import Image, ImageFile

from lib.images import kernel
from lib.images.header import Codec, Header
from lib.images.inflate import Inflater
from lib.images.rows import Rows

_FILL_ORDER, _PLANES, _PREDICTOR, _TILES = 266, 284, 317, 324
_OFFSETS, _ROWS_PER_STRIP, _COUNTS = 273, 278, 279
# Modes of which the file has the same samples; the others are converted by Pillow.
_MODES = {"L", "LA", "RGB", "RGBA", "CMYK"}
_DEFLATED = {"tiff_adobe_deflate", "tiff_deflate"}
# Filters of compressed pixels, by the predictor.
_FILTERS = {1: kernel.Filter.NONE, 2: kernel.Filter.LEFT}
# Rows are skipped in bands of this many bytes.
_SKIPPED = 1 << 20


class _Strips(NamedTuple):
    """The places of the strips, of `rows` each; the last may have fewer."""

    source: bytes
    rows: int
    offsets: Sequence[int]
    counts: Sequence[int]

    def split(self, top: int, rows: int) -> Iterator[tuple[int, int, int]]:
        """Yields the strips that have these rows: number, first of the rows in it, and last + 1."""
        bottom = top + rows
        for number in range(top // self.rows, ceil(bottom / self.rows)):
            above = number * self.rows
            yield number, max(0, top - above), min(self.rows, bottom - above)


class _RawRows(Rows):
    """The rows of a TIFF that is not compressed."""

    def __init__(self, image: ImageFile.ImageFile, strips: _Strips) -> None:
        super().__init__(image)
        self._strips, self._filter = strips, kernel.Filter.NONE
        self._row_above = Image.new(self.mode, (self.width, 1))

    def _read(self, top: int, rows: int) -> Image.Image:
        image = Image.new(self.mode, (self.width, rows))
        data, at = self._samples_of(top, rows)
        kernel.read_rows(data, at, self._filter, self._samples, self._row_above, image)
        return image

    def _samples_of(self, top: int, rows: int) -> tuple[bytes, int]:
        """Returns bytes with the samples of rows, and where they begin."""
        source, length = self._strips.source, self.width * self._samples
        places = [
            (self._strips.offsets[number] + first * length, (last - first) * length)
            for number, first, last in self._strips.split(top, rows)
        ]
        if all(at + size == following for (at, size), (following, _) in pairwise(places)):
            return source, places[0][0]
        return b"".join(source[at : at + size] for at, size in places), 0


class _DeflatedRows(_RawRows):
    """The rows of a TIFF whose strips are zlib streams."""

    def __init__(self, image: ImageFile.ImageFile, strips: _Strips, filter_: kernel.Filter) -> None:
        super().__init__(image, strips)
        self._filter = filter_
        self._number = -1

    def _samples_of(self, top: int, rows: int) -> tuple[bytes, int]:
        return b"".join(self._inflate(*place) for place in self._strips.split(top, rows)), 0

    def _inflate(self, number: int, first: int, last: int) -> bytes:
        if number != self._number:
            at, size = self._strips.offsets[number], self._strips.counts[number]
            self._number, self._next = number, 0
            self._inflater = Inflater([memoryview(self._strips.source)[at : at + size]])
        length = self.width * self._samples
        while self._next < first:
            skipped = min(first - self._next, max(1, _SKIPPED // length))
            self._inflater.read(skipped * length)
            self._next += skipped
        self._next = last
        return self._inflater.read((last - first) * length)


def open_rows(image: ImageFile.ImageFile, header: Header) -> Rows | None:
    """Returns the rows of an opened TIFF, or None if Pillow has to decode it."""
    if header.codec is not Codec.TIFF or not kernel.is_available() or not _is_plain(image):
        return None
    strips = _find_strips(image, header)
    compression = image.info["compression"]
    if strips is None:
        return None
    if compression == "raw":
        length = image.width * len(image.getbands())
        sizes = ((last - first) * length for _, first, last in strips.split(0, image.height))
        whole = all(count >= size for count, size in zip(strips.counts, sizes, strict=True))
        return _RawRows(image, strips) if whole else None
    filter_ = _FILTERS.get(_tags(image).get(_PREDICTOR, 1))
    if compression in _DEFLATED and filter_ is not None:
        return _DeflatedRows(image, strips, filter_)
    return None


def _tags(image: ImageFile.ImageFile) -> Mapping[int, Any]:
    tags: Mapping[int, Any] = image.tag_v2  # type: ignore[attr-defined]
    return tags


def _is_plain(image: ImageFile.ImageFile) -> bool:
    """Returns whether each pixel has its samples side by side, as Pillow has them."""
    tags = _tags(image)
    as_stored = all((tile.args or "")[0] == image.mode for tile in image.tile)
    usual = tags.get(_FILL_ORDER, 1) == tags.get(_PLANES, 1) == 1
    return image.mode in _MODES and as_stored and usual and _TILES not in tags


def _find_strips(image: ImageFile.ImageFile, header: Header) -> _Strips | None:
    """Returns the strips if each is within the file, and they are as many as they should be."""
    head, rest = header.parts[:2]
    source = memoryview(rest).obj
    tags = _tags(image)
    offsets, counts = tags.get(_OFFSETS, ()), tags.get(_COUNTS, ())
    rows = tags.get(_ROWS_PER_STRIP, image.height)
    if not isinstance(source, bytes) or not _are_whole([rows, *offsets, *counts]):
        return None
    rows = min(rows, image.height)
    if not len(offsets) == len(counts) == ceil(image.height / rows):
        return None
    ends = map(add, offsets, counts)
    # The decoder gets another header, and more behind the file's end.
    if min(offsets) < len(head) or max(ends) > len(source):
        return None
    return _Strips(source, rows, offsets, counts)


def _are_whole(numbers: list[Any]) -> bool:
    return all(isinstance(number, int) and number > 0 for number in numbers)
