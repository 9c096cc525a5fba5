"""Decodes a PNG's rows from the top, as they are needed, so that a large one is never in memory.

Pillow's decoder spends half its time in the system's zlib, and most of the rest on the filters:
here ISA-L inflates, and the kernel undoes the filters.
"""

from collections.abc import Iterator
from itertools import islice

from PIL import Image, ImageFile

from lib.images import kernel
from lib.images.formats.png import read_chunks
from lib.images.header import Codec, Header

# Bytes that are inflated at a time: the inflater copies what is left of them.
_PIECE = 64 << 10
# Rows are skipped in bands of this many bytes.
_SKIPPED = 1 << 20
_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}


class PngRows:
    """The rows of an opened PNG of 8 bits a sample that is not interlaced.

    `crop` is an image's, but the rows must follow those of the last call.
    """

    def __init__(self, image: ImageFile.ImageFile, header: Header) -> None:
        from isal import isal_zlib  # noqa: PLC0415  a photo of another format needs no inflater

        self.mode, self.size = image.mode, image.size
        self.width, self.height = image.size
        self._samples = len(image.getbands())
        self._palette = image.palette.palette if image.palette else None
        self._transparency = image.info.get("transparency")
        self._pieces = _pieces(header)
        self._inflater = isal_zlib.decompressobj()
        self._left = b""
        self._next = 0
        self._last_row = Image.new(self.mode, (self.width, 1))

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Returns the pixels in a box; raises ValueError or isal_zlib.error for broken data."""
        left, top, right, bottom = box
        while self._next < top:
            self._read(min(top - self._next, max(1, _SKIPPED // self.width)))
        rows = self._read(bottom - top)
        return rows if right - left == self.width else rows.crop((left, 0, right, rows.height))

    def _read(self, rows: int) -> Image.Image:
        image = Image.new(self.mode, (self.width, rows))
        data = self._inflate(rows * (self.width * self._samples + 1))
        kernel.read_png_rows(data, self._samples, self._last_row, image)
        self._last_row = image.crop((0, rows - 1, self.width, rows))
        self._next += rows
        if self._palette is not None:
            image.putpalette(self._palette)
        if self._transparency is not None:
            image.info["transparency"] = self._transparency
        return image

    def _inflate(self, length: int) -> bytes:
        parts = []
        while length:
            given = self._left or next(self._pieces, b"")
            parts.append(self._inflater.decompress(given, length))
            length -= len(parts[-1])
            self._left = self._inflater.unconsumed_tail
            # Without input, the inflater may still have output of its last input.
            if not parts[-1] and (self._inflater.eof or not given):
                raise ValueError("its pixels end too early")
        return b"".join(parts)


def open_rows(image: ImageFile.ImageFile, header: Header) -> PngRows | None:
    """Returns the rows of an opened PNG, or None if Pillow has to decode it."""
    if header.codec is not Codec.PNG or header.transparent_colour or not kernel.is_available():
        return None
    depth, colour, _, _, interlaced = islice(header.parts[0], 24, 29)
    if depth != 8 or interlaced or image.mode != _MODES.get(colour):  # noqa: PLR2004  bits
        return None
    return PngRows(image, header)


def _pieces(header: Header) -> Iterator[bytes]:
    """Yields the compressed pixels."""
    for name, _, data in read_chunks(header.parts):
        if name == b"IDAT":
            for at in range(0, len(data), _PIECE):
                yield bytes(data[at : at + _PIECE])
