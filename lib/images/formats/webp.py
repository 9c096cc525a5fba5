"""WebP headers: canvas, profile, orientation, frames."""

import struct

from lib.images import exif
from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated

_RIFF = 12
# 1,000 frames of an animation, and some for metadata: reading so many takes 50 ms.
_MAX_CHUNKS = 50_000


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
        orientation=exif.orientation(chunks.get(b"EXIF", b"")),
        profile=bytes(chunks[b"ICCP"]) if b"ICCP" in chunks else None,
        complete=length + 8 <= len(source),
        frames=max(1, len(chunks.get(b"ANMF", b""))),
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


def _chunks(source: bytes) -> dict[bytes, memoryview | bytes]:
    """The first chunk of each name; for ANMF one byte per frame, which is all that is asked."""
    found: dict[bytes, memoryview | bytes] = {}
    frames = 0
    at = _RIFF
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(source):
            break
        name, length = struct.unpack_from("<4sL", source, at)
        found.setdefault(name, memoryview(source)[at + 8 : at + 8 + length])
        frames += name == b"ANMF"
        at += 8 + length + length % 2
    else:
        raise metadata_bomb(Codec.WEBP, f"more than {_MAX_CHUNKS:,} chunks")
    return {**found, b"ANMF": bytes(frames)}
