"""Reads WebP headers: canvas, profile, orientation and frames."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from lib.images import exif
from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated

_RIFF, _CHUNK_HEADER = 12, 8
# Enough for 1,000 frames and metadata; reading so many takes 50 ms.
_MAX_CHUNKS = 50_000
# VP8X's flags are behind its chunk's header, in the first byte.
_FLAGS = _RIFF + _CHUNK_HEADER
# Bytes of a frame's header; its flag of disposal to background; VP8X's flag of transparency.
_FRAME_HEADER, _DISPOSE, ALPHA_FLAG = 16, 1, 0x10


class _Chunks(NamedTuple):
    """The first profile and EXIF blocks, the number of frames, and whether frames leave gaps."""

    profile: bytes | None
    exif: list[bytes]
    frames: int
    gaps: bool


def read(source: bytes) -> Header:
    """Walks the RIFF chunks; the first one has the size."""
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
        parts=_set_alpha_flag(source) if chunks.gaps else [source],
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


def find_picture(source: bytes | memoryview) -> tuple[int, int] | None:
    """Returns where a still's chunks begin and end: its alpha, if any, and its picture.

    Returns None for an animation, and for alpha that the file's flags deny.
    """
    alpha = 0
    for name, at, length in _walk(source):
        if name == b"ANMF" or (name == b"ALPH" and not source[_FLAGS] & ALPHA_FLAG):
            return None
        if name == b"ALPH":
            alpha = alpha or at - _CHUNK_HEADER
        elif name in (b"VP8 ", b"VP8L"):
            return alpha or at - _CHUNK_HEADER, at + length + length % 2
    return None


def _chunks(source: bytes) -> _Chunks:
    profile: bytes | None = None
    blocks: list[bytes] = []
    frames, gaps = 0, False
    extended = source[_RIFF : _RIFF + 4] == b"VP8X"
    for name, at, length in _walk(source):
        if name == b"ICCP" and profile is None:
            profile = source[at : at + length]
        elif name == b"EXIF" and len(blocks) < exif.MAX_BLOCKS:
            blocks.append(source[at : at + length])
        elif name == b"ANMF":
            gaps |= extended and _leaves_gap(source, at, first=not frames)
            frames += 1
    return _Chunks(profile, blocks, frames, gaps)


def _walk(source: bytes | memoryview) -> Iterator[tuple[bytes, int, int]]:
    """Yields each chunk's name, and the start and length of its data."""
    at = _RIFF + _CHUNK_HEADER
    for _ in range(_MAX_CHUNKS):
        if at > len(source):
            return
        name, length = struct.unpack_from("<4sL", source, at - _CHUNK_HEADER)
        yield name, at, length
        at += length + length % 2 + _CHUNK_HEADER
    raise metadata_bomb(Codec.WEBP, f"more than {_MAX_CHUNKS:,} chunks")


def _leaves_gap(source: bytes, at: int, *, first: bool) -> bool:
    """Returns whether a frame is disposed of, or is the first and does not cover the canvas."""
    header = source[at : at + _FRAME_HEADER]
    if len(header) < _FRAME_HEADER:
        return False
    return bool(header[15] & _DISPOSE) or (first and header[6:12] != source[24:30])


def _set_alpha_flag(source: bytes) -> list[bytes | memoryview]:
    """Sets the file's flag of transparency, without which libwebp shows gaps as opaque."""
    view = memoryview(source)
    return [view[:_FLAGS], bytes([source[_FLAGS] | ALPHA_FLAG]), view[_FLAGS + 1 :]]
