"""The item of an AVIF or HEIC that is shown: what it is coded in, and how it is turned and cropped.

The sections are those of ISO/IEC 14496-12 and 23008-12.
"""

from collections.abc import Iterable
from typing import NamedTuple

from lib.errors import PermanentError
from lib.images.formats.av1 import Budget
from lib.images.formats.avif import Fields, File, children, kinds_of, only
from lib.images.header import Transform

_Span = tuple[int, int]
# What changes the picture that a decoder makes: 23008-12, 6.5.9 to 6.5.12.
_TRANSFORMS = {b"clap", b"irot", b"imir"}
# Bytes of the longest, `clap`: boxes may be as long as the file, and be used again and again.
_LONGEST = 32


class Primary(NamedTuple):
    """The kind of the primary item, its transforms in order, and the kinds of all items."""

    kind: bytes
    transforms: tuple[Transform, ...]
    kinds: frozenset[bytes]


def read(source: bytes, meta: _Span) -> Primary | None:
    """The primary item of a `meta` box's body; None if that is not told, or not as it should be."""
    file = File(source, Budget())
    try:
        boxes = only(file, (meta[0] + 4, meta[1]), b"pitm", b"iinf", b"iprp")
        number = _primary(file, boxes[b"pitm"])
        kinds = dict(kinds_of(file, boxes[b"iinf"]))
        transforms = _transforms(file, boxes.get(b"iprp"), number)
        return Primary(kinds[number], transforms, frozenset(kinds.values()))
    except (PermanentError, LookupError):
        return None


def _primary(file: File, span: _Span) -> int:
    """The number in `pitm`, 8.11.4."""
    fields = Fields(file.source, span)
    return fields(4 if fields(4) >> 24 else 2)


def _transforms(file: File, span: _Span | None, number: int) -> tuple[Transform, ...]:
    """The transforms among an item's properties, in the order of their association."""
    if span is None:
        return ()
    properties: list[tuple[bytes, _Span]] = []
    order: list[int] = []
    for name, body in children(file, span):
        if name == b"ipco":
            properties = list(children(file, body))
        elif name == b"ipma":
            order += _associations(file, body, number)
    used = [properties[place - 1] for place in order if 0 < place <= len(properties)]
    return transforms_among(file, used)


def transforms_among(file: File, boxes: Iterable[tuple[bytes, _Span]]) -> tuple[Transform, ...]:
    """The transforms that some of these boxes are; of each kind the first counts, as in libavif."""
    found: dict[bytes, Transform] = {}
    for name, (start, end) in boxes:
        if name in _TRANSFORMS and name not in found:
            data = file.source[start : min(end, start + _LONGEST)]
            found[name] = Transform(name.decode(), data)
    return tuple(found.values())


def _associations(file: File, span: _Span, number: int) -> list[int]:
    """Places of an item's properties, from 1 on: `ipma`, 23008-12, 9.3.1."""
    fields = Fields(file.source, span)
    head = fields(4)
    item_size, place_size = (4 if head >> 24 else 2), (2 if head & 1 else 1)
    places: list[int] = []
    for _ in range(fields(4)):
        item, count = fields(item_size), fields(1)
        file.budget.spend(1 + count)
        # The highest bit tells whether the property is essential.
        found = [fields(place_size) & (1 << 8 * place_size - 1) - 1 for _ in range(count)]
        places += found if item == number else []
    return places
