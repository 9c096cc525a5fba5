"""libjpeg-turbo alone, the lower limit for renderers that decode the whole photo.

Decodes at the scale of sharp's rule, then encodes a prepared image of the box's size: no
resampling, no colour conversion, no copies.
"""

import ctypes
import ctypes.util
from pathlib import Path

from PIL import Image, ImageOps

from bench.inputs import LIBRARIES
from bench.peers.peer import JPEG_QUALITY, AbsentError, Box, Peer

# From turbojpeg.h: RGB of 3 bytes, 4:2:0, and a flag.
_RGB, _420, _PROGRESSIVE = 0, 2, 1 << 14
_SIDEWAYS = range(5, 9)  # EXIF orientations whose width is shown as height


class Limit(Peer):
    """Calls the TurboJPEG API by ctypes."""

    def __init__(self) -> None:
        library = ctypes.util.find_library("turbojpeg")
        fetched = sorted(LIBRARIES.rglob("libturbojpeg.so.*.*"))
        # Prefers the downloaded library, whose version is known.
        path = str(fetched[0]) if fetched else library
        if path is None:
            raise AbsentError("apt-get install libturbojpeg0")
        self._turbo = turbo = ctypes.CDLL(path)
        self.version = Path(path).name
        for function in (turbo.tjInitDecompress, turbo.tjInitCompress):
            function.restype = ctypes.c_void_p
        self._decoder = ctypes.c_void_p(turbo.tjInitDecompress())
        self._encoder = ctypes.c_void_p(turbo.tjInitCompress())

    def load(self, source: Path, boxes: list[Box]) -> None:
        """Reads the file, and prepares the images to encode."""
        super().load(source, boxes)
        with Image.open(source) as image:
            self._size = image.size
            sideways = image.getexif().get(0x0112, 1) in _SIDEWAYS
            upright = ImageOps.exif_transpose(image).convert("RGB")
        self._made = {box: ImageOps.fit(upright, box).tobytes() for box in boxes}
        self._scales = {box: _scale(self._size, box[::-1] if sideways else box) for box in boxes}

    def render(self, box: Box, target: str) -> bytes:
        """Decodes the photo, and encodes the prepared image."""
        if target != "jpeg":
            raise ValueError(f"libjpeg cannot encode {target}")
        self._decode(self._scales[box])
        return self._encode(box)

    def _decode(self, scale: int) -> None:
        width, height = (-(-edge // scale) for edge in self._size)
        pixels = ctypes.create_string_buffer(width * height * 3)
        failed = self._turbo.tjDecompress2(
            self._decoder,
            self._source,
            ctypes.c_ulong(len(self._source)),
            pixels,
            width,
            width * 3,
            height,
            _RGB,
            0,
        )
        if failed:
            raise ValueError("libjpeg-turbo could not decode the input")

    def _encode(self, box: Box) -> bytes:
        out, length = ctypes.c_void_p(), ctypes.c_ulong()
        failed = self._turbo.tjCompress2(
            self._encoder,
            self._made[box],
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


def _scale(size: Box, box: Box) -> int:
    """Returns the scale by sharp's rule: the largest divisor below the shrink factor."""
    shrink = min(size[0] / box[0], size[1] / box[1])
    return next((scale for scale in (8, 4, 2) if shrink >= scale and int(shrink) != scale), 1)
