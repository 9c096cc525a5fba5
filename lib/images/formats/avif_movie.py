"""Reads and writes the number of plays of an animated AVIF, and reads its frames' transforms.

An edit list (ISO/IEC 14496-12, 8.6.6) names the frames, and with its flag they repeat until the
track's duration ends (23000-22, 7.3.2). Pillow neither reads nor writes edit lists.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from lib.errors import PermanentError
from lib.images.formats.av1 import Budget
from lib.images.formats.avif import Fields, File, children, find_unique
from lib.images.formats.isobmff_items import select_transforms
from lib.images.header import Transform

_Span = tuple[int, int]
_HOLDERS = {b"moov", b"trak", b"edts", b"mdia"}
# Movie, track and media headers; offsets of the durations of the first two, in version 1.
_HEADERS = {b"mvhd", b"tkhd", b"mdhd"}
_DURATIONS = {b"mvhd": 24, b"tkhd": 28}
_SAMPLE_ENTRY = 78  # bytes before its boxes
_REPEATED = 1
_FOR_EVER = 2**64 - 1


class Movie(NamedTuple):
    """The plays of the first image track, 0 for ever, and its frames' transforms."""

    plays: int = 0
    transforms: tuple[Transform, ...] = ()


def read(source: bytes, movie: _Span) -> Movie:
    """Reads the body of a `moov` box; returns the defaults for a broken one."""
    file = File(source, Budget())
    try:
        track = _find_track(file, movie)
        transforms = _transforms(file, track[b"mdia"])
    except (PermanentError, LookupError):
        return Movie()
    try:
        edits = find_unique(file, track[b"edts"], b"elst")[b"elst"]
        return Movie(_plays(source, track[b"tkhd"], edits), transforms)
    except (PermanentError, LookupError):
        return Movie(0, transforms)


def _find_track(file: File, movie: _Span) -> dict[bytes, _Span]:
    """Returns the boxes of the first image track; raises LookupError if there is none."""
    for name, span in children(file, movie):
        if name == b"trak":
            boxes = find_unique(file, span, b"tkhd", b"edts", b"mdia")
            handler = find_unique(file, boxes[b"mdia"], b"hdlr")[b"hdlr"]
            if file.source[handler[0] + 8 : handler[0] + 12] == b"pict":
                return boxes
    raise LookupError("no track of pictures")


def _transforms(file: File, media: _Span) -> tuple[Transform, ...]:
    """Returns the transforms of the first sample entry, in their order: 8.5.2 and 12.1.3."""
    span = media
    for name in (b"minf", b"stbl", b"stsd"):
        span = find_unique(file, span, name)[name]
    for _, (start, end) in children(file, (span[0] + 8, span[1])):
        return select_transforms(file, children(file, (start + _SAMPLE_ENTRY, end)))
    return ()


def _plays(source: bytes, track: _Span, edits: _Span) -> int:
    fields = Fields(source, edits)
    head, _count = fields(4), fields(4)
    once = fields(8 if head >> 24 else 4)
    if not head & _REPEATED:
        return 1
    fields = Fields(source, track)
    size = 8 if fields(4) >> 24 else 4
    fields(2 * size + 8)
    whole = fields(size)
    return 0 if not once or whole == (1 << 8 * size) - 1 else max(1, -(-whole // once))


def finish(avif: bytes, plays: int) -> bytes:
    """Sets the number of plays of libavif's animation, and removes its time of creation."""
    out = bytearray(avif)
    boxes = list(_boxes(out, 0, len(out)))
    (once,) = next(struct.unpack_from(">Q", out, at + 8) for name, at in boxes if name == b"elst")
    duration = min(once * plays or _FOR_EVER, _FOR_EVER)
    for name, at in boxes:
        if name in _HEADERS:
            out[at + 4 : at + 20] = bytes(16)
        if name in _DURATIONS:
            struct.pack_into(">Q", out, at + _DURATIONS[name], duration)
        if name == b"elst" and plays == 1:
            out[at + 3] &= ~_REPEATED
    return bytes(out)


def _boxes(data: bytearray, at: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Yields the name and the body's offset of each box, with those nested in _HOLDERS."""
    while at < end:
        length, name = struct.unpack_from(">L4s", data, at)
        if name in _HOLDERS:
            yield from _boxes(data, at + 8, at + length)
        yield name, at + 8
        at += length
