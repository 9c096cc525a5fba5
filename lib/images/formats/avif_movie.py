"""How often an animated AVIF plays, and how its frames are turned and cropped.

An edit list (ISO/IEC 14496-12, 8.6.6) names the frames, and its flag says that they repeat until
the track's duration is over (23000-22, 7.3.2). Pillow neither reads nor writes any of it.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from lib.errors import PermanentError
from lib.images.formats.av1 import Budget
from lib.images.formats.avif import Fields, File, children, only
from lib.images.formats.isobmff_items import transforms_among
from lib.images.header import Transform

_Span = tuple[int, int]
_HOLDERS = {b"moov", b"trak", b"edts", b"mdia"}
# Movie, track and media headers; where the first two have their duration, in version 1.
_HEADERS = {b"mvhd", b"tkhd", b"mdhd"}
_DURATIONS = {b"mvhd": 24, b"tkhd": 28}
_SAMPLE_ENTRY = 78  # bytes before its boxes
_REPEATED = 1
_FOR_EVER = 2**64 - 1


class Movie(NamedTuple):
    """The plays of the first track of pictures, 0 for ever, and the transforms of its frames."""

    plays: int = 0
    transforms: tuple[Transform, ...] = ()


def read(source: bytes, movie: _Span) -> Movie:
    """What the body of a `moov` box says; nothing if it is broken, which harms no picture."""
    file = File(source, Budget())
    try:
        track = _track(file, movie)
        transforms = _transforms(file, track[b"mdia"])
    except (PermanentError, LookupError):
        return Movie()
    try:
        edits = only(file, track[b"edts"], b"elst")[b"elst"]
        return Movie(_plays(source, track[b"tkhd"], edits), transforms)
    except (PermanentError, LookupError):
        return Movie(0, transforms)


def _track(file: File, movie: _Span) -> dict[bytes, _Span]:
    """The boxes of the first track of pictures; LookupError if there is none."""
    for name, span in children(file, movie):
        if name == b"trak":
            boxes = only(file, span, b"tkhd", b"edts", b"mdia")
            handler = only(file, boxes[b"mdia"], b"hdlr")[b"hdlr"]
            if file.source[handler[0] + 8 : handler[0] + 12] == b"pict":
                return boxes
    raise LookupError("no track of pictures")


def _transforms(file: File, media: _Span) -> tuple[Transform, ...]:
    """Those of the first sample entry, in their order: 8.5.2 and 12.1.3."""
    span = media
    for name in (b"minf", b"stbl", b"stsd"):
        span = only(file, span, name)[name]
    for _, (start, end) in children(file, (span[0] + 8, span[1])):
        return transforms_among(file, children(file, (start + _SAMPLE_ENTRY, end)))
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
    """An animation of libavif's with this number of plays, and without the time it was made at."""
    out = bytearray(avif)
    spans = list(_boxes(out, 0, len(out)))
    (once,) = next(struct.unpack_from(">Q", out, at + 8) for name, at in spans if name == b"elst")
    duration = min(once * plays or _FOR_EVER, _FOR_EVER)
    for name, at in spans:
        if name in _HEADERS:
            out[at + 4 : at + 20] = bytes(16)
        if name in _DURATIONS:
            struct.pack_into(">Q", out, at + _DURATIONS[name], duration)
        if name == b"elst" and plays == 1:
            out[at + 3] &= ~_REPEATED
    return bytes(out)


def _boxes(data: bytearray, at: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Name and body of the boxes that tell of time."""
    while at < end:
        length, name = struct.unpack_from(">L4s", data, at)
        if name in _HOLDERS:
            yield from _boxes(data, at + 8, at + length)
        yield name, at + 8
        at += length
