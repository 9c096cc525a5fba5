"""Reads an AVIF's rows from the decoder's bytes, band by band.

Pillow copies them into an image of four bytes a pixel, 64 KB at a time: a tenth of the time.
"""

from PIL import Image, ImageFile

from lib.images import kernel
from lib.images.header import Codec, Header
from lib.images.rows import Rows


class AvifRows(Rows):
    """The rows of an opened AVIF."""

    def __init__(self, image: ImageFile.ImageFile, data: bytes) -> None:
        super().__init__(image)
        self._data = data
        self._row_above = Image.new(self.mode, (self.width, 1))

    def _read(self, top: int, rows: int) -> Image.Image:
        image = Image.new(self.mode, (self.width, rows), None)
        at = top * self.width * self._samples
        kernel.read_rows(self._data, at, kernel.Filter.NONE, self._samples, self._row_above, image)
        return image


def open_rows(image: ImageFile.ImageFile, header: Header) -> AvifRows | None:
    """Decodes an opened AVIF; returns its rows, or None if Pillow has to decode it."""
    # Pillow crops to the visible part.
    if header.codec is not Codec.AVIF or header.visible or not kernel.is_available():
        return None
    # No public method returns the decoder's bytes.
    decoder = getattr(image, "_decoder", None)
    if decoder is None or image.mode not in ("RGB", "RGBA"):
        return None
    data, *_ = decoder.get_frame(0)
    return AvifRows(image, data)
