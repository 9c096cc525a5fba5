"""Applies the transforms that an AVIF declares: crop, rotation and mirroring.

Decoders report rotation and mirroring without their order, and do not crop.
"""

import struct
from collections.abc import Iterable
from fractions import Fraction

from lib.images import orient
from lib.images.header import Transform

# Anti-clockwise quarter turns, and mirror axes, as EXIF's orientations.
_ROTATIONS = [1, 8, 3, 6]
_MIRRORS = [4, 2]
_CLEAN_APERTURE = 32  # bytes
_Box = tuple[int, int, int, int]


def apply(transforms: Iterable[Transform], size: tuple[int, int]) -> tuple[_Box, int]:
    """Returns the visible box of the stored pixels and its orientation, after all transforms."""
    box, orientation = (0, 0, *size), 1
    for name, data in transforms:
        if name == "clap":
            stored = box[2] - box[0], box[3] - box[1]
            aperture = _clean_aperture(data, orient.stored_size(stored, orientation))
            inner = map(int, orient.stored_box(aperture, orientation, stored))
            left, top, right, bottom = inner
            box = box[0] + left, box[1] + top, box[0] + right, box[1] + bottom
        elif data:
            step = _ROTATIONS[data[0] & 3] if name == "irot" else _MIRRORS[data[0] & 1]
            orientation = orient.combine(orientation, step)
    return box, orientation


def _clean_aperture(data: bytes, size: tuple[int, int]) -> _Box:
    """Returns the box of a `clap` (ISO/IEC 14496-12, 12.1.4).

    If the box is not of whole pixels inside the image, it is ignored.
    """
    if len(data) < _CLEAN_APERTURE:
        return 0, 0, *size
    numbers = struct.unpack_from(">LLLLlLlL", data)
    if not all(numbers[1::2]):
        return 0, 0, *size
    width, height, right, down = (
        Fraction(above, below) for above, below in zip(numbers[::2], numbers[1::2], strict=True)
    )
    # The offsets are those of the centres.
    left, top = right + (size[0] - width) / 2, down + (size[1] - height) / 2
    box = left, top, left + width, top + height
    whole = all(edge.denominator == 1 for edge in box)
    inside = 0 <= left < box[2] <= size[0] and 0 <= top < box[3] <= size[1]
    return (int(left), int(top), int(box[2]), int(box[3])) if whole and inside else (0, 0, *size)
