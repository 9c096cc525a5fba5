"""Reads the orientation from EXIF blocks.

Pillow reads a whole block, and for a photo with a broken maker note raises SyntaxError, IndexError
or struct.error although its pixels are fine.
"""

import struct

_ORIENTATION = 0x0112
_SHORT = 3
# A block of one entry is 26 bytes: header 8, count 2, entry 12, next 4 (which may be missing).
_HEADER, _ENTRY = 8, 12
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_PREFIX = b"Exif\0\0"
# The first directory of a camera has some 20 entries.
_MAX_ENTRIES = 1000
# Blocks, or segments of them, that are read: phones write up to 1 MB, 64 KB a segment.
MAX_BLOCKS = 16


def orientation(*blocks: bytes) -> int:
    """Returns EXIF's 1-8 from the first readable block; 1, which means upright, by default."""
    orientations = (_orientation(block.removeprefix(_PREFIX)) for block in blocks)
    return next((number for number in orientations if number), 1)


def join_segments(segments: list[bytes]) -> list[bytes]:
    """Joins a JPEG's EXIF segments to blocks: a segment without a header continues the last."""
    blocks: list[bytes] = []
    for segment in segments:
        body = segment.removeprefix(_PREFIX)
        if blocks and body[:4] not in _ORDERS:
            blocks[-1] += body
        else:
            blocks.append(body)
    return blocks


def _orientation(data: bytes) -> int | None:
    """Returns a block's orientation, 1 if it has none; None if the block is broken."""
    order = _ORDERS.get(data[:4])
    if order is None or len(data) < _HEADER:
        return None
    (start,) = struct.unpack_from(order + "L", data, 4)
    if start + 2 > len(data):
        return None
    (count,) = struct.unpack_from(order + "H", data, start)
    end = start + 2 + min(count, _MAX_ENTRIES) * _ENTRY
    for at in range(start + 2, min(end, len(data) - _ENTRY + 1), _ENTRY):
        tag, kind, _, value = struct.unpack_from(order + "HHLH", data, at)
        if tag == _ORIENTATION:
            return value if kind == _SHORT and 1 <= value <= 8 else 1  # noqa: PLR2004  EXIF's range
    return 1 if end <= len(data) else None
