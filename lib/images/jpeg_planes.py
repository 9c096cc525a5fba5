"""Decodes JPEGs into resized planes of luma and chroma, and encodes them, by Pillow's own libjpeg.

Pillow's interface brings chroma to luma's size and converts all to RGB before the resize, and back
for another JPEG: an eighth of the time. Files that libjpeg warns of are left to Pillow.
"""

import ctypes
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from PIL import Image

from lib import kernel_library
from lib.images import kernel, orient
from lib.images.decode import cut_jpeg, jpeg_scale
from lib.images.formats.jpeg import JpegHeader
from lib.images.geometry import Box, Geometry

# The order of Libjpeg in native/libjpeg.h.
FUNCTIONS = (
    "jpeg_std_error",
    "jpeg_destroy",
    "jpeg_CreateDecompress",
    "jpeg_read_header",
    "jpeg_start_decompress",
    "jpeg_read_raw_data",
    "jpeg_finish_decompress",
    "jpeg_resync_to_restart",
    "jpeg_CreateCompress",
    "jpeg_mem_dest",
    "jpeg_set_defaults",
    "jpeg_set_quality",
    "jpeg_simple_progression",
    "jpeg_start_compress",
    "jpeg_write_raw_data",
    "jpeg_finish_compress",
)
# Variants are 4:2:0.
_CHROMA = 2


class Planes(NamedTuple):
    """Luma, and blue and red chroma of half its width and height, rounded up."""

    luma: Image.Image
    blue: Image.Image
    red: Image.Image

    def to_rgb(self) -> Image.Image:
        """Converts the planes to one image."""
        blue, red = (chroma.resize(self.luma.size) for chroma in (self.blue, self.red))
        return Image.merge("YCbCr", (self.luma, blue, red)).convert("RGB")


class _Library(NamedTuple):
    """The kernel, and the functions of libjpeg that it calls."""

    kernel: ctypes.CDLL
    libjpeg: ctypes.Array[ctypes.c_void_p]


class _Buffer(ctypes.Structure):
    """Python's Py_buffer."""

    _fields_ = (
        ("address", ctypes.c_void_p),
        ("object", ctypes.c_void_p),
        ("length", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("dimensions", ctypes.c_int),
        ("others", ctypes.c_void_p * 5),
    )


_get_buffer = ctypes.PYFUNCTYPE(
    ctypes.c_int, ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int
)(("PyObject_GetBuffer", ctypes.pythonapi))
_release_buffer = ctypes.PYFUNCTYPE(None, ctypes.POINTER(_Buffer))(
    ("PyBuffer_Release", ctypes.pythonapi)
)


def decode(header: JpegHeader, plan: Geometry) -> Planes | None:
    """Decodes a JPEG down to the bottom of the crop, and resizes it; returns upright planes.

    Returns None if Pillow has to decode it: for other colours, warnings and errors.
    """
    library = _library()
    if library is None:
        return None
    half = -(-plan.scaled[0] // _CHROMA), -(-plan.scaled[1] // _CHROMA)
    crops = plan.crop, _extend(plan.crop, plan.scaled, half)
    stored = header.width, header.height
    boxes = [orient.stored_box(crop, header.orientation, stored) for crop in crops]
    sizes = [orient.stored_size(size, header.orientation) for size in (plan.scaled, half)]
    cut = cut_jpeg(header, boxes[0], sizes[0][1])
    planes = [Image.new("L", size, None) for size in (sizes[0], sizes[1], sizes[1])]
    with ExitStack() as stack:
        parts = [stack.enter_context(_address(part)) for part in cut.parts]
        targets = [stack.enter_context(kernel.memory(plane)) for plane in planes]
        failed = library.kernel.resize_jpeg(
            library.libjpeg,
            (ctypes.c_void_p * 2)(*parts),
            (ctypes.c_size_t * 2)(*map(len, cut.parts)),
            cut.width,
            cut.height,
            jpeg_scale(plan.shrink),
            (ctypes.c_double * 8)(*boxes[0], *boxes[1]),
            (ctypes.c_int * 4)(*sizes[0], *sizes[1]),
            (ctypes.c_void_p * 3)(*targets),
        )
    if failed:
        return None
    return Planes(*(orient.auto_orient(plane, header.orientation) for plane in planes))


def encode(planes: Planes, quality: int) -> bytes | None:
    """Encodes planes as Pillow does an image, progressive and 4:2:0; None if that fails."""
    library = _library()
    if library is None:
        return None
    data = ctypes.c_void_p()
    with ExitStack() as stack:
        sources = [stack.enter_context(kernel.memory(plane)) for plane in planes]
        size = library.kernel.write_jpeg(
            library.libjpeg,
            (ctypes.c_void_p * 3)(*sources),
            *planes.luma.size,
            quality,
            ctypes.byref(data),
        )
    if not size or data.value is None:
        return None
    encoded = ctypes.string_at(data.value, size)
    library.kernel.end_jpeg(data)
    return encoded


def _extend(crop: Box, size: tuple[int, int], half: tuple[int, int]) -> Box:
    """Extends a crop to whole samples of chroma: the last one of an odd edge has one pixel more."""
    left, top, right, bottom = crop
    across, down = (_CHROMA * half[axis] / size[axis] for axis in (0, 1))
    return left, top, left + (right - left) * across, top + (bottom - top) * down


@contextmanager
def _address(data: bytes | memoryview) -> Iterator[int]:
    """Yields where bytes are in memory."""
    buffer = _Buffer()
    _get_buffer(data, ctypes.byref(buffer), 0)
    try:
        yield buffer.address
    finally:
        _release_buffer(ctypes.byref(buffer))


@lru_cache(maxsize=1)
def _library() -> _Library | None:
    """Returns the kernel and the libjpeg that Pillow uses, or None if they cannot be called."""
    if not kernel.is_available():
        return None
    # The extension's symbols include those of the libraries that it needs, wherever they are.
    pillow = ctypes.CDLL(import_module("PIL._imaging").__file__)
    try:
        functions = [ctypes.cast(getattr(pillow, name), ctypes.c_void_p) for name in FUNCTIONS]
    except AttributeError:
        return None
    library = ctypes.CDLL(str(kernel_library.path_of(kernel_library.HOST)))
    integer, pointer = ctypes.c_int, ctypes.c_void_p
    library.resize_jpeg.argtypes = [*[pointer] * 3, *[integer] * 3, *[pointer] * 3]
    library.write_jpeg.argtypes = [*[pointer] * 2, *[integer] * 3, pointer]
    library.write_jpeg.restype = ctypes.c_size_t
    library.end_jpeg.argtypes = [pointer]
    library.end_jpeg.restype = None
    return _Library(library, (pointer * len(FUNCTIONS))(*functions))
