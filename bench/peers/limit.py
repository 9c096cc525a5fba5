"""libjpeg-turbo alone, the lower limit for renderers that decode the whole photo.

Decodes at the scale of sharp's rule, then encodes a prepared image of the box's size: no
resampling, no colour conversion, no copies.
"""

import ctypes
from pathlib import Path

from PIL import Image, ImageOps

from bench import turbo
from bench.peers.peer import JPEG_QUALITY, AbsentError, Peer, Wanted
from lib.errors import ConfigError

# From turbojpeg.h: RGB of 3 bytes, 4:2:0, and a flag.
_RGB, _420, _PROGRESSIVE = 0, 2, 1 << 14


class Limit(Peer):
    """Calls the TurboJPEG interface by ctypes."""

    def __init__(self) -> None:
        try:
            self._turbo = turbo.library()
        except ConfigError as error:
            raise AbsentError(str(error)) from error
        self.version = turbo.version()
        self._decoder = ctypes.c_void_p(self._turbo.tjInitDecompress())
        self._encoder = ctypes.c_void_p(self._turbo.tjInitCompress())

    def load(self, source: Path, wanted: list[Wanted]) -> None:
        """Reads the file, and prepares the images to encode."""
        super().load(source, wanted)
        with Image.open(source) as image:
            self._size = image.size
            upright = ImageOps.exif_transpose(image).convert("RGB")
        self._scales, self._made = {}, {}
        for each in wanted:
            box = _box(upright.size, each)
            self._scales[each] = scale(upright.size, box)
            self._made[each] = ImageOps.fit(upright, box).tobytes(), box
        # Allocated here, as memory is not what is measured.
        width, height = self._scaled(min(self._scales.values()))
        self._pixels = ctypes.create_string_buffer(width * height * 3)

    def render(self, wanted: Wanted) -> bytes:
        """Decodes the photo, and encodes the prepared image."""
        if wanted.format != "jpeg":
            raise ValueError(f"libjpeg cannot encode {wanted.format}")
        self._decode(self._scales[wanted])
        return self._encode(*self._made[wanted])

    def _decode(self, scale: int) -> None:
        width, height = self._scaled(scale)
        failed = self._turbo.tjDecompress2(
            self._decoder,
            self._source,
            ctypes.c_ulong(len(self._source)),
            self._pixels,
            width,
            width * 3,
            height,
            _RGB,
            0,
        )
        if failed:
            raise ValueError("libjpeg-turbo could not decode the input")

    def _scaled(self, scale: int) -> tuple[int, int]:
        return -(-self._size[0] // scale), -(-self._size[1] // scale)

    def _encode(self, pixels: bytes, box: tuple[int, int]) -> bytes:
        out, length = ctypes.c_void_p(), ctypes.c_ulong()
        failed = self._turbo.tjCompress2(
            self._encoder,
            pixels,
            box[0],
            box[0] * 3,
            box[1],
            _RGB,
            ctypes.byref(out),
            ctypes.byref(length),
            _420,
            JPEG_QUALITY,
            _PROGRESSIVE,
        )
        if failed:
            raise ValueError("libjpeg-turbo could not encode")
        data = ctypes.string_at(out, length.value)
        self._turbo.tjFree(out)
        return data


def _box(size: tuple[int, int], wanted: Wanted) -> tuple[int, int]:
    """Returns the variant's pixels; nothing is enlarged."""
    width = min(wanted.width, size[0])
    return width, wanted.height or round(size[1] * width / size[0])


def scale(size: tuple[int, int], box: tuple[int, int]) -> int:
    """Returns the scale by sharp's rule: the largest divisor below the shrink factor."""
    shrink = min(size[0] / box[0], size[1] / box[1])
    return next((scale for scale in (8, 4, 2) if shrink >= scale and int(shrink) != scale), 1)
