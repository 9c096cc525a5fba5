"""Reads the primary item of an AVIF or HEIC: its type and its transforms.

The sections are those of ISO/IEC 14496-12 and 23008-12.
"""

from collections.abc import Iterable
from typing import NamedTuple

from lib.errors import PermanentError
from lib.images.formats.av1 import Budget
from lib.images.formats.avif import Fields, File, children, find_unique, read_kinds
from lib.images.header import Transform

_Span = tuple[int, int]
# Transformative properties: 23008-12, 6.5.9 to 6.5.12.
_TRANSFORMS = {b"clap", b"irot", b"imir"}
# Bytes of the longest, `clap`. A bound, since boxes may be as long as the file and used repeatedly.
_LONGEST = 32


class Primary(NamedTuple):
    """The primary item's type, its transforms in order, and the types of all items."""

    kind: bytes
    transforms: tuple[Transform, ...]
    kinds: frozenset[bytes]


def read(source: bytes, meta: _Span) -> Primary | None:
    """Reads the primary item from the body of a `meta` box; None if it is missing or malformed."""
    file = File(source, Budget())
    try:
        boxes = find_unique(file, (meta[0] + 4, meta[1]), b"pitm", b"iinf", b"iprp")
        number = _primary(file, boxes[b"pitm"])
        kinds = dict(read_kinds(file, boxes[b"iinf"]))
        transforms = _transforms(file, boxes.get(b"iprp"), number)
        return Primary(kinds[number], transforms, frozenset(kinds.values()))
    except (PermanentError, LookupError):
        return None


def _primary(file: File, span: _Span) -> int:
    """Reads the number in `pitm`, 8.11.4."""
    fields = Fields(file.source, span)
    return fields(4 if fields(4) >> 24 else 2)


def _transforms(file: File, span: _Span | None, number: int) -> tuple[Transform, ...]:
    """Returns the transforms among an item's properties, in the order of their association."""
    if span is None:
        return ()
    properties: list[tuple[bytes, _Span]] = []
    indexes: list[int] = []
    for name, body in children(file, span):
        if name == b"ipco":
            properties = list(children(file, body))
        elif name == b"ipma":
            indexes += _associations(file, body, number)
    used = [properties[index - 1] for index in indexes if 0 < index <= len(properties)]
    return select_transforms(file, used)


def select_transforms(file: File, boxes: Iterable[tuple[bytes, _Span]]) -> tuple[Transform, ...]:
    """Returns the transforms among the boxes; the first of each type counts, as in libavif."""
    transforms: dict[bytes, Transform] = {}
    for name, (start, end) in boxes:
        if name in _TRANSFORMS and name not in transforms:
            data = file.source[start : min(end, start + _LONGEST)]
            transforms[name] = Transform(name.decode(), data)
    return tuple(transforms.values())


def _associations(file: File, span: _Span, number: int) -> list[int]:
    """Returns the indexes of an item's properties, from 1 on: `ipma`, 23008-12, 9.3.1."""
    fields = Fields(file.source, span)
    head = fields(4)
    item_size, index_size = (4 if head >> 24 else 2), (2 if head & 1 else 1)
    indexes: list[int] = []
    for _ in range(fields(4)):
        item, count = fields(item_size), fields(1)
        file.budget.spend(1 + count)
        # The highest bit marks an essential property.
        associated = [fields(index_size) & (1 << 8 * index_size - 1) - 1 for _ in range(count)]
        indexes += associated if item == number else []
    return indexes
