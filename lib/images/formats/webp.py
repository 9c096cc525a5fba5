"""WebP headers: canvas, profile, orientation, frames."""

import struct
from typing import NamedTuple

from lib.images import exif
from lib.images.header import Codec, Header, corrupt, truncated

_RIFF = 12
# A frame is 30 bytes at least; where counting stops, every budget has long been exceeded.
_MAX_CHUNKS = 100_000


class _Chunks(NamedTuple):
    """The first profile, the first EXIF blocks, and the number of frames."""

    profile: bytes | None
    exif: list[bytes]
    frames: int


def read(source: bytes) -> Header:
    """Walk the RIFF chunks; the first of them tells the size."""
    if len(source) < _RIFF + 18:
        raise truncated(Codec.WEBP)
    width, height = _size(source)
    if not width or not height:
        raise corrupt(Codec.WEBP, "it has no size")
    (length,) = struct.unpack_from("<L", source, 4)
    chunks = _chunks(source)
    return Header(
        codec=Codec.WEBP,
        width=width,
        height=height,
        parts=[source],
        orientation=exif.orientation(*chunks.exif),
        profile=chunks.profile,
        complete=length + 8 <= len(source),
        frames=max(1, chunks.frames),
    )


def _size(source: bytes) -> tuple[int, int]:
    kind = source[_RIFF : _RIFF + 4]
    if kind == b"VP8X":
        width, height = source[24:27], source[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<L", source, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", source, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise corrupt(Codec.WEBP, "its first chunk is no picture")


def _chunks(source: bytes) -> _Chunks:
    profile: bytes | None = None
    blocks: list[bytes] = []
    frames = 0
    at = _RIFF
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(source):
            break
        name, length = struct.unpack_from("<4sL", source, at)
        if name == b"ICCP" and profile is None:
            profile = source[at + 8 : at + 8 + length]
        elif name == b"EXIF" and len(blocks) < exif.MAX_BLOCKS:
            blocks.append(source[at + 8 : at + 8 + length])
        frames += name == b"ANMF"
        at += 8 + length + length % 2
    return _Chunks(profile, blocks, frames)
