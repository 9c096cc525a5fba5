"""Calls the resampling kernel (native/resample.c) on Pillow's own memory, without a copy.

Pillow exports its pixels by the Arrow C data interface if the rows are one block. Without the
kernel, Pillow resizes, in five times the time.
"""

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from PIL import Image

from lib.images.geometry import Box

# Lambda's names of processors, by others for them.
_ARCHITECTURES = {"aarch64": "arm64", "amd64": "x86_64"}
_MACHINE = platform.machine().lower()
# This machine, as native/build.py names its targets.
HOST = f"{sys.platform}-{_ARCHITECTURES.get(_MACHINE, _MACHINE)}"
# The processor's features on Linux; Lambda's x86_64 processors have AVX2.
_CPU = Path("/proc/cpuinfo")
# Cells of `average` may be this long and this high: their sums have 16 bits.
MAX_FACTOR = 255
# Pillow splits an image into blocks of 16 MB by default, which the kernel cannot read. The largest
# photo has 270 MP of 4 bytes; the block size must be a multiple of 4096.
_BLOCK_BYTES = (1 << 31) - 4096
Image.core.set_block_size(_BLOCK_BYTES)  # type: ignore[attr-defined]


# A prototype of our own: the attribute of ctypes.pythonapi is shared by all that use it.
_get_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


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


def path_of(target: str) -> Path:
    """Returns the path of the library for a target."""
    return Path(__file__).parents[2] / "native" / "built" / target / "resample.so"


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Returns whether the kernel is built for this machine, whose processor has to have AVX2."""
    return path_of(HOST).exists() and (HOST != "linux-x86_64" or "avx2" in _CPU.read_text())


def resample(image: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """Resizes the pixels in `box` of an image of 1 or 4 bytes a pixel by a Lanczos filter."""
    target = Image.new(image.mode, size)
    with memory(image) as source, memory(target) as result:
        failed = _library().resample(
            source, *image.size, _samples(image), (ctypes.c_double * 4)(*box), result, *size
        )
    if failed:
        raise MemoryError
    return target


def average(
    image: Image.Image, region: tuple[int, int, int, int], factors: tuple[int, int]
) -> Image.Image:
    """Averages cells of `factors` pixels in `region`; those at its edges may be smaller."""
    left, top, right, bottom = region
    size = -(-(right - left) // factors[0]), -(-(bottom - top) // factors[1])
    target = Image.new(image.mode, size)
    with memory(image) as source, memory(target) as result:
        failed = _library().average(
            source, image.width, _samples(image), (ctypes.c_int * 4)(*region), *factors, result
        )
    if failed:
        raise MemoryError
    return target


def premultiply(image: Image.Image) -> Image.Image:
    """Converts RGBA to RGBa, with the same results as Pillow."""
    target = Image.new("RGBa", image.size)
    with memory(image) as source, memory(target) as result:
        _library().premultiply(source, image.width * image.height, result)
    return target


def read_png_rows(data: bytes, samples: int, above: Image.Image, target: Image.Image) -> None:
    """Undoes the filters of inflated PNG rows of 8-bit samples; fills an image with the pixels.

    `above` has the row above them, of zeros at the top. Raises ValueError for an unknown filter.
    """
    with memory(above) as last, memory(target) as result:
        if _library().read_png_rows(data, target.height, target.width, samples, last, result):
            raise ValueError("a row has an unknown filter")


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
    library = ctypes.CDLL(str(path_of(HOST)))
    integer, pointer = ctypes.c_int, ctypes.c_void_p
    library.resample.argtypes = [pointer, *[integer] * 3, pointer, pointer, *[integer] * 2]
    library.average.argtypes = [pointer, *[integer] * 2, pointer, *[integer] * 2, pointer]
    library.premultiply.argtypes = [pointer, integer, pointer]
    library.premultiply.restype = None
    library.read_png_rows.argtypes = [ctypes.c_char_p, *[integer] * 3, pointer, pointer]
    return library
