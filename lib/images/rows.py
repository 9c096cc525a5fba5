"""Rows of a picture that are decoded as they are needed, so that a large one is never in memory."""

from abc import ABC, abstractmethod

from PIL import Image, ImageFile

# Rows above a crop that have to be decoded are skipped in bands of this many bytes.
SKIPPED_BYTES = 1 << 20


class Rows(ABC):
    """The rows of an opened picture.

    `crop` is an image's, but goes from the top down: neither the first row nor the last may be
    above that of the last call.
    """

    def __init__(self, image: ImageFile.ImageFile) -> None:
        self.mode, self.size = image.mode, image.size
        self.width, self.height = image.size
        self.has_transparency_data = image.has_transparency_data
        self._band: Image.Image | None = None
        self._top = 0
        self._samples = len(image.getbands())

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Returns the pixels in a box; raises an error of the decoder's for broken data."""
        left, top, right, bottom = box
        known = self._band
        end = self._top + known.height if known else 0
        if known is None or top >= end:
            band = self._read(top, bottom - top)
        else:
            # Beyond its end, a crop is black.
            band = known.crop((0, top - self._top, self.width, bottom - self._top))
            if end < bottom:
                band.paste(self._read(end, bottom - end), (0, end - top))
        self._band, self._top = band, top
        return band if right - left == self.width else band.crop((left, 0, right, band.height))

    @abstractmethod
    def _read(self, top: int, rows: int) -> Image.Image:
        """Decodes `rows` from `top`."""
