"""Reads TIFF headers, and gives decoders a directory with only the tags that they need.

Pillow reads every tag on opening, and makes an object of each value of some: 6 million resolutions
in a file of 48 MB take 20 s and 870 MB. libtiff decodes whole tiles, however little of them is in
the image, and reads data that several tiles share once for each.
"""

import struct
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from lib.errors import PermanentError, Reason
from lib.images.formats.jpeg import pixels_of
from lib.images.formats.tiff_strips import Strips, find_strips
from lib.images.header import Codec, Header, corrupt, metadata_bomb, truncated, unsupported

_WIDTH, _HEIGHT, _COMPRESSION, _ORIENTATION, _PROFILE = 256, 257, 259, 274, 34675
_STRIPS, _TILES = (273, 279), (324, 325)  # offsets, byte counts
_ROWS_PER_STRIP, _TILE_WIDTH, _TILE_HEIGHT = 278, 322, 323
_BITS, _PHOTOMETRIC, _COLOUR_MAP, _SUBSAMPLING = 258, 262, 320, 530
# Values of photometric interpretation, and bits of deep grey.
_WHITE_IS_0, _BLACK_IS_0, _PALETTE, _YCBCR = 0, 1, 3, 6
_DEEP = {12, 16}
# Compressions that Pillow supports.
_NO_COMPRESSION = 1
_COMPRESSIONS = {*range(1, 9), 32771, 32773, 32809, 32946, 34676, 34677, 34925, 50000, 50001}
# Tags that decoding needs.
_DECODING_TAGS = {
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
_USUAL_KINDS = {3, 4, 16}
# Values of a tag: 32,768 strips of one row in 4 planes. Pillow lists all, and no photo has more.
_MAX_VALUES = 131_072
_MAX_TAGS = 1000
# Bytes of all strips and tiles, shared ones counted each time: as many as the largest file has. If
# they decode to nothing, libtiff takes 3 ns a byte.
MAX_READ = 200 << 20
# Pillow copies these by their size in pixels, and ignores byte counts.
_RAW = {0, _NO_COMPRESSION}
# libtiff allows 100 scans for JPEG inside TIFF, which are not counted here: this many pixels take 3
# to 8 s.
_OLD_JPEG, _JPEG = _JPEGS = 6, 7
_MAX_JPEG_PIXELS = 25_000_000
# Samples of a pixel in Pillow; each may be a plane with strips of its own.
_MAX_PLANES = 6


class _Shape(NamedTuple):
    """The number formats of classic TIFF or BigTIFF."""

    order: str
    counter: str
    entry: str
    inline: int
    offset_at: int


class _Entry(NamedTuple):
    """One field of a directory; `at` is the offset of its values."""

    kind: int
    values: int
    at: int
    size: int
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class TiffHeader(Header):
    """The header of a TIFF; `strips` only of one that is stored in the usual way."""

    strips: Strips | None


def read(source: bytes) -> TiffHeader:
    """Reads the first directory, whose image is rendered."""
    order = "<" if source[:2] == b"II" else ">"
    big = source[2:4] in (b"+\0", b"\0+")
    shape = _Shape(order, "Q", "HHQQ", 8, 8) if big else _Shape(order, "H", "HHLL", 4, 4)
    entries = _directory(source, shape)
    width, height = (_number(source, shape, entries, tag) for tag in (_WIDTH, _HEIGHT))
    if not width or not height:
        raise corrupt(Codec.TIFF, "it has no size")
    padded = _count_padded(width, height, source, shape, entries)
    _check_compressed(source, shape, entries, height, padded)
    _check_pixels(source, shape, entries)
    negative = _is_deep_negative(source, shape, entries)
    if negative:
        entries[_PHOTOMETRIC] = _set_number(shape, entries[_PHOTOMETRIC], _BLACK_IS_0)
    orientation = next(iter(_numbers(source, shape, entries.get(_ORIENTATION))), 1)
    profile = entries.get(_PROFILE)
    return TiffHeader(
        codec=Codec.TIFF,
        width=width,
        height=height,
        padded=padded,
        parts=_rewrite(source, shape, entries),
        orientation=orientation if 1 <= orientation <= 8 else 1,  # noqa: PLR2004  EXIF's range
        profile=source[profile.at : profile.at + profile.size] if profile else None,
        complete=_is_complete(source, shape, entries),
        negative=negative,
        strips=_find_strips(source, shape, entries),
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
            if values > _MAX_VALUES and tag in _DECODING_TAGS:
                raise metadata_bomb(Codec.TIFF, f"a tag of more than {_MAX_VALUES:,} values")
            size = values * types.get(kind, 1)
            values_at = at + step - shape.inline if size <= shape.inline else offset
            # The first field of a tag counts, as in libtiff.
            entries.setdefault(tag, _Entry(kind, values, values_at, size, source[at : at + step]))
    # Offsets of 64 bits may exceed Python's indexes.
    except (struct.error, OverflowError) as error:
        raise truncated(Codec.TIFF) from error
    return entries


def _numbers(source: bytes, shape: _Shape, entry: _Entry | None) -> tuple[int, ...]:
    """Returns the values of a field of whole numbers; empty for other or truncated fields."""
    if entry is None or entry.kind not in _NUMBERS or entry.at + entry.size > len(source):
        return ()
    return struct.unpack_from(
        f"{shape.order}{entry.values}{_NUMBERS[entry.kind]}", source, entry.at
    )


def _number(source: bytes, shape: _Shape, entries: dict[int, _Entry], tag: int) -> int:
    """Returns the single value of a field, 0 if it is missing.

    Raises PermanentError for types that only decoders can read: a bomb could hide there.
    """
    if tag not in entries:
        return 0
    values = _numbers(source, shape, entries[tag])
    if len(values) != 1:
        raise corrupt(Codec.TIFF, f"its tag {tag} is not one whole number")
    return values[0]


def _count_padded(
    width: int, height: int, source: bytes, shape: _Shape, entries: dict[int, _Entry]
) -> int:
    """Returns the pixels that are decoded, including the padding of tiles."""
    if not entries.keys() & {_TILE_WIDTH, _TILE_HEIGHT}:
        return width * height
    across, down = (_number(source, shape, entries, tag) for tag in (_TILE_WIDTH, _TILE_HEIGHT))
    if not across or not down:
        raise corrupt(Codec.TIFF, "its tiles have no size")
    return ceil(width / across) * across * ceil(height / down) * down


def _check_compressed(
    source: bytes, shape: _Shape, entries: dict[int, _Entry], height: int, pixels: int
) -> None:
    """Raises PermanentError for compressed data that would take libtiff too long."""
    compression = _number(source, shape, entries, _COMPRESSION)
    if compression in _JPEGS:
        _check_jpeg(pixels)
    if compression == _JPEG and _TILE_WIDTH not in entries:
        _check_jpeg(_last_strips(source, shape, entries, height))
    if compression not in _RAW:
        _check_read(source, shape, entries)


def _last_strips(source: bytes, shape: _Shape, entries: dict[int, _Entry], height: int) -> int:
    """Returns the pixels of the largest last strip of a plane, by its own JPEG header.

    libtiff decodes the whole strip, even if it is higher than the rest of the image.
    """
    number = ceil(height / (_number(source, shape, entries, _ROWS_PER_STRIP) or height))
    most = 0
    for tags in (_STRIPS, _TILES):
        starts, sizes = (_numbers(source, shape, entries.get(tag)) for tag in tags)
        strips = list(zip(starts, sizes, strict=False))
        for at, size in strips[number - 1 : number * _MAX_PLANES : number]:
            most = max(most, pixels_of(source[at : at + size]))
    return most


def _check_jpeg(pixels: int) -> None:
    if pixels > _MAX_JPEG_PIXELS:
        raise PermanentError(
            Reason.TOO_MANY_PIXELS,
            f"{pixels:,} pixels as JPEG inside a TIFF; the limit is {_MAX_JPEG_PIXELS:,}: "
            "upload a JPEG",
        )


def _check_read(source: bytes, shape: _Shape, entries: dict[int, _Entry]) -> None:
    """Raises PermanentError for strips and tiles that share too many bytes."""
    read = 0
    for tag in (_STRIPS[1], _TILES[1]):
        if tag in entries and entries[tag].kind not in _NUMBERS:
            raise corrupt(Codec.TIFF, f"its tag {tag} holds no whole numbers")
        read += sum(min(size, len(source)) for size in _numbers(source, shape, entries.get(tag)))
    if read > MAX_READ:
        raise PermanentError(
            Reason.TOO_MANY_BYTES,
            f"the strips or tiles of the TIFF file share their bytes, and have {read:,} together; "
            f"the limit is {MAX_READ:,}: export it anew and upload that",
        )


def _check_pixels(source: bytes, shape: _Shape, entries: dict[int, _Entry]) -> None:
    """Raises PermanentError for a directory that lacks tags or has unsupported values."""
    photometric = _number(source, shape, entries, _PHOTOMETRIC)
    compression = _number(source, shape, entries, _COMPRESSION) or _NO_COMPRESSION
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
    """Returns whether 0 is white in grey of more than 8 bits, which Pillow does not invert."""
    photometric = _numbers(source, shape, entries.get(_PHOTOMETRIC))
    bits = _numbers(source, shape, entries.get(_BITS))
    return photometric == (_WHITE_IS_0,) and len(bits) == 1 and bits[0] in _DEEP


def _set_number(shape: _Shape, entry: _Entry, number: int) -> _Entry:
    """Replaces the number in a field of one number."""
    value = struct.pack(shape.order + _NUMBERS[entry.kind], number)
    return entry._replace(raw=entry.raw[: -shape.inline] + value.ljust(shape.inline, b"\0"))


def _rewrite(source: bytes, shape: _Shape, entries: dict[int, _Entry]) -> list[bytes | memoryview]:
    """Appends a directory with the tags that decoding needs, and points the header to it."""
    needed = [entry for tag, entry in sorted(entries.items()) if tag in _DECODING_TAGS]
    start = len(source) + len(source) % 2
    offset = shape.order + shape.entry[-1]
    head = source[: shape.offset_at] + struct.pack(offset, start)
    directory = struct.pack(shape.order + shape.counter, len(needed))
    directory += b"".join(entry.raw for entry in needed) + struct.pack(offset, 0)
    return [head, memoryview(source)[len(head) :], bytes(len(source) % 2), directory]


def _find_strips(source: bytes, shape: _Shape, entries: dict[int, _Entry]) -> Strips | None:
    """Returns the strips if all tags that decoding needs are of the usual types and values."""
    values = {
        tag: _numbers(source, shape, entry) if entry.kind in _USUAL_KINDS else ()
        for tag, entry in entries.items()
        if tag in _DECODING_TAGS
    }
    return find_strips(source, shape.offset_at + struct.calcsize("=" + shape.entry[-1]), values)


def _is_complete(source: bytes, shape: _Shape, entries: dict[int, _Entry]) -> bool:
    """Returns whether every strip and tile is within the file."""
    for offsets, counts in (_STRIPS, _TILES):
        starts = _numbers(source, shape, entries.get(offsets))
        sizes = _numbers(source, shape, entries.get(counts))
        if any(at + size > len(source) for at, size in zip(starts, sizes, strict=False)):
            return False
    return True
