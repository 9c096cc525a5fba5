"""Calls the kernel (native/resample.c and rows.c) on Pillow's own memory, without a copy.

Pillow exports its pixels by the Arrow C data interface if the rows are one block. Without the
kernel, Pillow resizes, in five times the time. Results are made without a colour, which would
write all pixels once more.
"""

import ctypes
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

from PIL import Image

from lib import kernel_library
from lib.errors import ConfigError
from lib.images.geometry import Box

# The processor's features on Linux; Lambda's x86_64 processors have AVX2.
_CPU = Path("/proc/cpuinfo")
# Cells of `average` may be this long and this high: their sums have 16 bits.
MAX_FACTOR = 255
# Bytes that LZW may decode to at a time: places of strings have 20 bits.
MAX_LZW = 1 << 20
# Pillow splits an image into blocks of 16 MB by default, which the kernel cannot read. The largest
# photo has 270 MP of 4 bytes; the block size must be a multiple of 4096.
_BLOCK_BYTES = (1 << 31) - 4096
Image.core.set_block_size(_BLOCK_BYTES)  # type: ignore[attr-defined]


# A prototype of our own: the attribute of ctypes.pythonapi is shared by all that use it.
_get_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


class Filter(IntEnum):
    """How rows are stored: the difference from the pixel to the left, or by a number before each.

    The numbers are PNG's.
    """

    OF_ROW = -1
    NONE = 0
    LEFT = 1


class _ArrowArray(ctypes.Structure):
    """The Arrow C data interface's array, up to the fields that are read."""


_ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
]


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Returns whether the kernel is built for this machine, whose processor has to have AVX2.

    Raises ConfigError if it cannot be loaded, which is not the fault of any photo.
    """
    host = kernel_library.HOST
    if not kernel_library.path_of(host).exists():
        return False
    if host == "linux-x86_64" and "avx2" not in _CPU.read_text():
        return False
    try:
        _library()
    except (OSError, AttributeError) as error:
        raise ConfigError(
            f"the resampling kernel cannot be loaded ({error}): run make setup, and deploy again"
        ) from error
    return True


class Resize:
    """A resize by a Lanczos filter, of which some rows can be made at a time.

    The pixels in `box`, of an image as large as `source`, have 1 or 4 bytes.
    """

    def __init__(self, mode: str, source: tuple[int, int], box: Box, size: tuple[int, int]) -> None:
        self.target = Image.new(mode, size, None)
        box_ = (ctypes.c_double * 4)(*box)
        handle = _library().begin_resize(*source, _samples(self.target), box_, *size)
        if not handle:
            raise MemoryError
        self._handle = handle
        # Called when the last reference is gone, whatever happens before.
        weakref.finalize(self, _library().end_resize, handle)

    def fill(self, rows: Image.Image, top: int, first: int, last: int) -> None:
        """Makes the target's rows from `first` to `last`, from all rows of the source they need.

        `top` is the place of `rows` in the source.
        """
        with memory(rows) as source, memory(self.target) as result:
            failed = _library().resize_rows(
                self._handle, source, top, rows.height, first, last, result
            )
        if failed:
            raise MemoryError


def resample(image: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """Resizes the pixels in `box` of an image of 1 or 4 bytes a pixel by a Lanczos filter."""
    resize = Resize(image.mode, image.size, box, size)
    resize.fill(image, 0, 0, size[1])
    return resize.target


def average(
    image: Image.Image, region: tuple[int, int, int, int], factors: tuple[int, int]
) -> Image.Image:
    """Averages cells of `factors` pixels in `region`; those at its edges may be smaller."""
    left, top, right, bottom = region
    size = -(-(right - left) // factors[0]), -(-(bottom - top) // factors[1])
    target = Image.new(image.mode, size, None)
    with memory(image) as source, memory(target) as result:
        failed = _library().average(
            source, image.width, _samples(image), (ctypes.c_int * 4)(*region), *factors, result
        )
    if failed:
        raise MemoryError
    return target


def premultiply(image: Image.Image) -> Image.Image:
    """Converts RGBA to RGBa, with the same results as Pillow."""
    target = Image.new("RGBa", image.size, None)
    with memory(image) as source, memory(target) as result:
        _library().premultiply(source, image.width * image.height, result)
    return target


def read_rows(  # noqa: PLR0917  the kernel's parameters
    data: bytes,
    at: int,
    filter_: Filter,
    samples: int,
    above: Image.Image,
    target: Image.Image,
) -> None:
    """Undoes the filters of rows of 8-bit samples in `data` at `at`; fills an image with them.

    `above` has the row above them, of zeros at the top. Raises ValueError for an unknown filter.
    """
    width, height = target.size
    if at < 0 or at + height * (width * samples + (filter_ is Filter.OF_ROW)) > len(data):
        raise ValueError("its pixels end too early")
    with memory(above) as last, memory(target) as result:
        rows = _address(data) + at
        if _library().read_rows(rows, filter_, height, width, samples, last, result):
            raise ValueError("a row has an unknown filter")


def read_lzw(data: bytes, at: int, size: int, length: int) -> bytes:
    """Decodes `size` bytes of TIFF's LZW in `data` at `at` to `length`, MAX_LZW at most.

    Raises ValueError for broken codes, or too few.
    """
    if at < 0 or at + size > len(data) or length > MAX_LZW:
        raise ValueError("its pixels end too early")
    decoded = ctypes.create_string_buffer(length)
    if _library().read_lzw(_address(data) + at, size, decoded, length):
        raise ValueError("its LZW codes are broken")
    return decoded.raw


def _address(data: bytes) -> int:
    """Returns where bytes are in memory, valid as long as they are; a zero follows them."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


def _samples(image: Image.Image) -> int:
    """Returns the bytes of a pixel in memory: Pillow pads all working modes but L to 4."""
    return 1 if image.mode == "L" else 4


@contextmanager
def memory(image: Image.Image) -> Iterator[int]:
    """Yields the address of the pixels, which are valid as long as their capsule."""
    _, capsule = image.__arrow_c_array__()
    array = _ArrowArray.from_address(_get_pointer(capsule, b"arrow_array"))
    # Pixels of several samples are a list of fixed length; its child has the samples.
    samples = array.children[0].contents if array.n_children else array
    yield samples.buffers[1]
    del capsule


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(kernel_library.path_of(kernel_library.HOST)))
    integer, pointer = ctypes.c_int, ctypes.c_void_p
    library.begin_resize.argtypes = [*[integer] * 3, pointer, *[integer] * 2]
    library.begin_resize.restype = pointer
    library.resize_rows.argtypes = [pointer, pointer, *[integer] * 4, pointer]
    library.end_resize.argtypes = [pointer]
    library.end_resize.restype = None
    library.average.argtypes = [pointer, *[integer] * 2, pointer, *[integer] * 2, pointer]
    library.premultiply.argtypes = [pointer, integer, pointer]
    library.premultiply.restype = None
    library.read_lzw.argtypes = [pointer, ctypes.c_size_t, pointer, ctypes.c_size_t]
    library.read_rows.argtypes = [pointer, *[integer] * 4, pointer, pointer]
    return library
