"""Calls libjpeg-turbo's own interface, TurboJPEG, by ctypes."""

import ctypes
import ctypes.util
import platform
import sys
from functools import cache
from pathlib import Path

from bench.sources import TURBO, TURBO_VERSION, folder_of
from lib.errors import ConfigError

# From turbojpeg.h: what a transform does, and its options.
TURN_LEFT = 7
_CROP, _PROGRESSIVE, _NO_MARKERS = 1 << 2, 1 << 5, 1 << 6


class _Region(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in ("x", "y", "width", "height")]


class _Transform(ctypes.Structure):
    _fields_ = [
        ("region", _Region),
        ("operation", ctypes.c_int),
        ("options", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("filter", ctypes.c_void_p),
    ]


@cache
def library() -> ctypes.CDLL:
    """Loads libjpeg-turbo."""
    path = _path()
    if path is None:
        raise ConfigError("libjpeg-turbo is needed: apt-get install libturbojpeg0")
    turbo = ctypes.CDLL(path)
    for function in (turbo.tjInitDecompress, turbo.tjInitCompress, turbo.tjInitTransform):
        function.restype = ctypes.c_void_p
    turbo.tjGetErrorStr2.restype = ctypes.c_char_p
    return turbo


def version() -> str:
    """Names the library: the fetched one by its version, the system's by its file."""
    path = _path()
    return TURBO_VERSION if path == str(_fetched()) else f"libjpeg-turbo, {path}"


def _path() -> str | None:
    """Returns the fetched library on Linux; elsewhere, the system's."""
    if sys.platform == "linux" and _fetched().exists():
        return str(_fetched())
    return ctypes.util.find_library("turbojpeg")


def _fetched() -> Path:
    return folder_of(TURBO) / f"{platform.machine()}.so"


def transform(
    source: bytes,
    region: tuple[int, int, int, int] | None = None,
    *,
    operation: int = 0,
    progressive: bool = False,
) -> bytes:
    """Cuts, turns or recodes a JPEG without loss; its markers are left out.

    `region` is (left, top, width, height); its corner lies on the grid of the JPEG's blocks.
    """
    turbo = library()
    handle = ctypes.c_void_p(turbo.tjInitTransform())
    options = _NO_MARKERS | (_PROGRESSIVE if progressive else 0) | (_CROP if region else 0)
    wanted = _Transform(_Region(*(region or (0, 0, 0, 0))), operation, options, None, None)
    out, length = ctypes.c_void_p(), ctypes.c_ulong()
    try:
        failed = turbo.tjTransform(
            handle,
            source,
            ctypes.c_ulong(len(source)),
            1,
            ctypes.byref(out),
            ctypes.byref(length),
            ctypes.byref(wanted),
            0,
        )
        if failed:
            raise ValueError(turbo.tjGetErrorStr2(handle).decode())
        return ctypes.string_at(out, length.value)
    finally:
        turbo.tjFree(out)
        turbo.tjDestroy(handle)
