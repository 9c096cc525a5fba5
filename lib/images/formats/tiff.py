"""TIFF headers; a decoder gets a directory with the tags that make pixels, and no others.

Pillow reads every tag on opening, EXIF and all: a directory of 65,535 tags that each point at the
whole file would fill any memory, and a broken EXIF block would lose a good picture.
"""

import struct
from typing import NamedTuple

from lib.errors import PermanentError, Reason
from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated, unsupported

_WIDTH, _HEIGHT, _COMPRESSION, _ORIENTATION, _PROFILE = 256, 257, 259, 274, 34675
_STRIPS, _TILES = (273, 279), (324, 325)  # offsets, byte counts
_BITS, _PHOTOMETRIC, _COLOUR_MAP, _SUBSAMPLING = 258, 262, 320, 530
# Values of photometric interpretation and compression; bits that make grey deep.
_WHITE_IS_0, _BLACK_IS_0, _PALETTE, _YCBCR = 0, 1, 3, 6
_NO_COMPRESSION, _OLD_JPEG = 1, 6
# Those that Pillow takes.
_COMPRESSIONS = {*range(1, 9), 32771, 32773, 32809, 32946, 34676, 34677, 34925, 50000, 50001}
_DEEP = {12, 16}
# What decoding needs, by the names of the specification.
_KEPT = {
    *(256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284),  # baseline
    *(292, 293, 317, 320, 322, 323, 324, 325),  # fax, predictor, palette, tiles
    *(332, 334, 338, 339, 347),  # inks, extra samples, sample format, JPEG tables
    *(512, 513, 514, 515, 517, 518, 519, 520, 521),  # JPEG as it was before 1995
    *(529, 530, 531, 532),  # YCbCr
}
# Bytes of one value of each type of field.
_TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BIG_TYPES = {**_TYPES, 16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "L", 16: "Q"}
# 32,768 rows in strips of one, in 4 planes: more pieces are no photo, and Pillow lists them all.
_MAX_VALUES = 131_072
_MAX_TAGS = 1000
# libtiff allows 100 scans for JPEG inside TIFF, and we do not count those: 3 to 8 s for this many.
_JPEGS = {6, 7}
_MAX_JPEG_PIXELS = 25_000_000


class _Shape(NamedTuple):
    """How a classic or a big TIFF writes its numbers."""

    order: str
    counter: str
    entry: str
    inline: int
    offset_at: int


class _Entry(NamedTuple):
    """One field of a directory; `at` is where its values stand."""

    kind: int
    values: int
    at: int
    size: int
    raw: bytes


def read(source: bytes) -> Header:
    """The first directory: its picture is the one that is rendered."""
    order = "<" if source[:2] == b"II" else ">"
    big = source[2:4] in (b"+\0", b"\0+")
    shape = _Shape(order, "Q", "HHQQ", 8, 8) if big else _Shape(order, "H", "HHLL", 4, 4)
    entries = _directory(source, shape)
    width, height = (_number(source, shape, entries.get(tag)) for tag in (_WIDTH, _HEIGHT))
    if not width or not height:
        raise corrupt(Codec.TIFF, "it has no size")
    if _number(source, shape, entries.get(_COMPRESSION)) in _JPEGS:
        _check_jpeg(width, height)
    _check_pixels(source, shape, entries)
    negative = _is_deep_negative(source, shape, entries)
    if negative:
        entries[_PHOTOMETRIC] = _with_number(shape, entries[_PHOTOMETRIC], _BLACK_IS_0)
    orientation = _number(source, shape, entries.get(_ORIENTATION)) or 1
    profile = entries.get(_PROFILE)
    return Header(
        codec=Codec.TIFF,
        width=width,
        height=height,
        parts=_rewritten(source, shape, entries),
        orientation=orientation if 1 <= orientation <= 8 else 1,  # noqa: PLR2004  EXIF's range
        profile=source[profile.at : profile.at + profile.size] if profile else None,
        complete=_is_complete(source, shape, entries),
        negative=negative,
    )


def _directory(source: bytes, shape: _Shape) -> dict[int, _Entry]:
    types = _BIG_TYPES if shape.inline == 8 else _TYPES  # noqa: PLR2004
    step = struct.calcsize(shape.order + shape.entry)
    try:
        (start,) = struct.unpack_from(shape.order + shape.entry[-1], source, shape.offset_at)
        (count,) = struct.unpack_from(shape.order + shape.counter, source, start)
        if count > _MAX_TAGS:
            raise metadata_bomb(Codec.TIFF, f"{count:,} tags; the limit is {_MAX_TAGS:,}")
        first = start + struct.calcsize(shape.counter)
        entries: dict[int, _Entry] = {}
        for at in range(first, first + count * step, step):
            tag, kind, values, offset = struct.unpack_from(shape.order + shape.entry, source, at)
            size = values * types.get(kind, 1)
            place = at + step - shape.inline if size <= shape.inline else offset
            # The first field of a tag counts, as in libtiff.
            entries.setdefault(tag, _Entry(kind, values, place, size, source[at : at + step]))
    except struct.error as error:
        raise truncated(Codec.TIFF) from error
    return entries


def _numbers(source: bytes, shape: _Shape, entry: _Entry | None) -> tuple[int, ...]:
    """The values of a field of whole numbers; none for any other, or one that is cut off."""
    if entry is None or entry.kind not in _NUMBERS or entry.at + entry.size > len(source):
        return ()
    return struct.unpack_from(
        f"{shape.order}{entry.values}{_NUMBERS[entry.kind]}", source, entry.at
    )


def _number(source: bytes, shape: _Shape, entry: _Entry | None) -> int:
    values = _numbers(source, shape, entry) if entry and entry.values == 1 else ()
    return values[0] if values else 0


def _check_jpeg(width: int, height: int) -> None:
    if width * height > _MAX_JPEG_PIXELS:
        raise PermanentError(
            Reason.TOO_MANY_PIXELS,
            f"{width} x {height} pixels as JPEG inside a TIFF; the limit is {_MAX_JPEG_PIXELS:,}: "
            "upload a JPEG",
        )


def _check_pixels(source: bytes, shape: _Shape, entries: dict[int, _Entry]) -> None:
    """Refuse a directory without what every decoder needs, or with what none of ours can."""
    photometric = _number(source, shape, entries.get(_PHOTOMETRIC))
    compression = _number(source, shape, entries.get(_COMPRESSION)) or _NO_COMPRESSION
    if compression not in _COMPRESSIONS:
        raise unsupported(Codec.TIFF, f"compressed in a rare way ({compression})")
    if compression != _OLD_JPEG and not {_STRIPS[0], _TILES[0]} & entries.keys():
        raise corrupt(Codec.TIFF, "it does not tell where its pixels are")
    if photometric == _PALETTE and _COLOUR_MAP not in entries:
        raise corrupt(Codec.TIFF, "its palette is missing")
    subsampling = _numbers(source, shape, entries.get(_SUBSAMPLING)) or (1, 1)
    if (photometric, compression) == (_YCBCR, _NO_COMPRESSION) and subsampling != (1, 1):
        raise unsupported(Codec.TIFF, "one of YCbCr colours of less resolution, not compressed")


def _is_deep_negative(source: bytes, shape: _Shape, entries: dict[int, _Entry]) -> bool:
    """Whether 0 is white in grey of more than 8 bits: Pillow shows it as it is stored."""
    photometric = _numbers(source, shape, entries.get(_PHOTOMETRIC))
    bits = _numbers(source, shape, entries.get(_BITS))
    return photometric == (_WHITE_IS_0,) and len(bits) == 1 and bits[0] in _DEEP


def _with_number(shape: _Shape, entry: _Entry, number: int) -> _Entry:
    """A field of one number with another one in its place."""
    value = struct.pack(shape.order + _NUMBERS[entry.kind], number)
    return entry._replace(raw=entry.raw[: -shape.inline] + value.ljust(shape.inline, b"\0"))


def _rewritten(
    source: bytes, shape: _Shape, entries: dict[int, _Entry]
) -> list[bytes | memoryview]:
    """The file with a directory of the kept tags at its end, and a header that points there."""
    kept = [entry for tag, entry in sorted(entries.items()) if tag in _KEPT]
    if any(entry.values > _MAX_VALUES for entry in kept):
        raise metadata_bomb(Codec.TIFF, f"a tag of more than {_MAX_VALUES:,} values")
    start = len(source) + len(source) % 2
    word = shape.order + shape.entry[-1]
    head = source[: shape.offset_at] + struct.pack(word, start)
    directory = struct.pack(shape.order + shape.counter, len(kept))
    directory += b"".join(entry.raw for entry in kept) + struct.pack(word, 0)
    return [head, memoryview(source)[len(head) :], bytes(len(source) % 2), directory]


def _is_complete(source: bytes, shape: _Shape, entries: dict[int, _Entry]) -> bool:
    """Whether every strip or tile lies within the file."""
    for offsets, counts in (_STRIPS, _TILES):
        starts = _numbers(source, shape, entries.get(offsets))
        sizes = _numbers(source, shape, entries.get(counts))
        if any(at + size > len(source) for at, size in zip(starts, sizes, strict=False)):
            return False
    return True
