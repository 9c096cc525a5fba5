"""Decodes WebP stills with libwebp's simple interface, into Pillow's memory.

Pillow decodes them as animations of one frame, and copies a canvas of all pixels three times.
"""

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from PIL import Image, ImageFile

from lib.images import kernel
from lib.images.formats.webp import find_picture

# A lossy picture is averaged in its own planes, whose chroma has half the size, by an even factor
# that leaves at least twice the result's size: rounding in YUV then adds nothing to its error.
_GAP, _CHROMA = 2, 2
_MAX_SCALE = kernel.MAX_FACTOR // _CHROMA * _CHROMA
# ITU-R BT.601 with luma of 16 to 235 and chroma of 16 to 240: from Y, U, V to R, G, B.
_LUMA_GAIN, _CHROMA_GAIN = 255 / 219, 255 / 224
_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114


def decode(
    image: ImageFile.ImageFile, source: bytes | memoryview, shrink: float
) -> tuple[Image.Image, int] | None:
    """Decodes an opened still for a resize by `shrink`; returns its pixels and their divisor.

    Returns None if Pillow has to decode it: it plays animations, and says what is broken.
    """
    library, found = _library(), find_picture(source)
    if library is None or found is None:
        return None
    start, end = found
    lossy = source[start : start + 4] == b"VP8 "
    chunks = bytes(source[start:end])
    width, height = ctypes.c_int(), ctypes.c_int()
    known = library.WebPGetInfo(chunks, len(chunks), ctypes.byref(width), ctypes.byref(height))
    if not known or (width.value, height.value) != image.size:
        return None
    scale = min(_MAX_SCALE, int(shrink / _GAP / _CHROMA) * _CHROMA)
    if scale and lossy and image.mode == "RGB" and kernel.is_available():
        planes = _decode_planes(library, chunks, image.size)
        return None if planes is None else (_average(planes, scale), scale)
    pixels = _decode_pixels(library, chunks, image)
    return None if pixels is None else (pixels, 1)


def _decode_pixels(
    library: ctypes.CDLL, chunks: bytes, image: ImageFile.ImageFile
) -> Image.Image | None:
    """Decodes to RGB or RGBA, which both take four bytes a pixel in Pillow."""
    width, height = image.size
    pixels = Image.new(image.mode, image.size, None)
    with kernel.memory(pixels) as target:
        size, stride = 4 * width * height, 4 * width
        done = library.WebPDecodeRGBAInto(chunks, len(chunks), target, size, stride)
    return pixels if done else None


def _decode_planes(
    library: ctypes.CDLL, chunks: bytes, size: tuple[int, int]
) -> list[Image.Image] | None:
    """Decodes to Y, U and V."""
    width, height = size
    half = -(-width // _CHROMA), -(-height // _CHROMA)
    planes = [Image.new("L", each, None) for each in (size, half, half)]
    with (
        kernel.memory(planes[0]) as luma,
        kernel.memory(planes[1]) as blue,
        kernel.memory(planes[2]) as red,
    ):
        targets = (
            *(luma, width * height, width),
            *(blue, half[0] * half[1], half[0]),
            *(red, half[0] * half[1], half[0]),
        )
        done = library.WebPDecodeYUVInto(chunks, len(chunks), *targets)
    return planes if done else None


def _average(planes: Sequence[Image.Image], scale: int) -> Image.Image:
    """Averages cells of `scale` x `scale` pixels, and converts them to RGB."""
    small = [
        kernel.average(plane, (0, 0, *plane.size), (factor, factor))
        for plane, factor in zip(planes, (scale, scale // _CHROMA, scale // _CHROMA), strict=True)
    ]
    return Image.merge("RGB", small).convert("RGB", _matrix())


def _matrix() -> tuple[float, ...]:
    """Returns the weights of Y, U, V and 1 in each of R, G and B."""
    red, blue = 2 * (1 - _RED) * _CHROMA_GAIN, 2 * (1 - _BLUE) * _CHROMA_GAIN
    weights = (0.0, red), (-blue * _BLUE / _GREEN, -red * _RED / _GREEN), (blue, 0.0)
    rows = ((_LUMA_GAIN, u, v, -16 * _LUMA_GAIN - 128 * (u + v)) for u, v in weights)
    return tuple(value for row in rows for value in row)


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    """Returns the libwebp that Pillow uses, or None if its functions cannot be called."""
    # The extension's symbols include those of the libraries that it needs, wherever they are.
    library = ctypes.CDLL(import_module("PIL._webp").__file__)
    data: list[Any] = [ctypes.c_char_p, ctypes.c_size_t]
    target: list[Any] = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    try:
        library.WebPGetInfo.argtypes = [*data, ctypes.c_void_p, ctypes.c_void_p]
        library.WebPDecodeRGBAInto.argtypes = [*data, *target]
        library.WebPDecodeRGBAInto.restype = ctypes.c_void_p
        library.WebPDecodeYUVInto.argtypes = [*data, *target * 3]
        library.WebPDecodeYUVInto.restype = ctypes.c_void_p
    except AttributeError:
        return None
    return library
