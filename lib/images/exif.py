"""The orientation in an EXIF block, and nothing else of it.

Ten lines of our own because Pillow reads the whole block, and a photo with a broken maker note
then raises SyntaxError, IndexError or struct.error although its pixels are fine.
"""

import struct

_ORIENTATION = 0x0112
_SHORT = 3
# A block of one entry is 26 bytes: header 8, count 2, entry 12, next 4 (which may be missing).
_HEADER, _ENTRY = 8, 12


def orientation(block: bytes | memoryview) -> int:
    """EXIF's 1-8; 1, which means upright, for a block that is broken or does not say."""
    data = bytes(block)
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < _HEADER + 2:
        return 1
    (start,) = struct.unpack_from(order + "L", data, 4)
    if start + 2 > len(data):
        return 1
    (count,) = struct.unpack_from(order + "H", data, start)
    for at in range(start + 2, min(start + 2 + count * _ENTRY, len(data) - _ENTRY + 1), _ENTRY):
        tag, kind, _, value = struct.unpack_from(order + "HHLH", data, at)
        if tag == _ORIENTATION:
            return value if kind == _SHORT and 1 <= value <= 8 else 1  # noqa: PLR2004  EXIF's range
    return 1
