"""Decodes a PNG's rows from the top, as they are needed, so that a large one is never in memory.

Pillow's decoder spends half its time in the system's zlib, and most of the rest on the filters:
here ISA-L inflates, and the kernel undoes the filters.
"""

from itertools import islice

from PIL import Image, ImageFile

from lib.images import kernel
from lib.images.formats.png import read_chunks
from lib.images.header import Codec, Header
from lib.images.inflate import Inflater
from lib.images.rows import SKIPPED_BYTES, Rows

_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}


class PngRows(Rows):
    """The rows of an opened PNG of 8 bits a sample that is not interlaced."""

    def __init__(self, image: ImageFile.ImageFile, header: Header) -> None:
        super().__init__(image)
        self._palette = image.palette.palette if image.palette else None
        self._transparency = image.info.get("transparency")
        chunks = read_chunks(header.parts)
        self._inflater = Inflater(data for name, _, data in chunks if name == b"IDAT")
        self._next = 0
        self._last_row = Image.new(self.mode, (self.width, 1))

    def _read(self, top: int, rows: int) -> Image.Image:
        # Filters need the row above.
        length = self.width * self._samples
        while self._next < top:
            self._decode(min(top - self._next, max(1, SKIPPED_BYTES // length)))
        return self._decode(rows)

    def _decode(self, rows: int) -> Image.Image:
        image = Image.new(self.mode, (self.width, rows))
        data = self._inflater.read(rows * (self.width * self._samples + 1))
        kernel.read_rows(data, 0, kernel.Filter.OF_ROW, self._samples, self._last_row, image)
        self._last_row = image.crop((0, rows - 1, self.width, rows))
        self._next += rows
        if self._palette is not None:
            image.putpalette(self._palette)
        if self._transparency is not None:
            image.info["transparency"] = self._transparency
        return image


def open_rows(image: ImageFile.ImageFile, header: Header) -> PngRows | None:
    """Returns the rows of an opened PNG, or None if Pillow has to decode it."""
    if header.codec is not Codec.PNG or header.transparent_colour or not kernel.is_available():
        return None
    depth, colour, _, _, interlaced = islice(header.parts[0], 24, 29)
    if depth != 8 or interlaced or image.mode != _MODES.get(colour):  # noqa: PLR2004  bits
        return None
    return PngRows(image, header)
