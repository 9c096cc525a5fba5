"""Finds the strips of a TIFF that is stored in the usual way.

Decoders differ in what they make of rare or broken directories, so none of these is read here.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

_HEIGHT, _BITS, _SAMPLES, _FORMAT = 257, 258, 277, 339
_OFFSETS, _ROWS, _COUNTS = 273, 278, 279
_FILL_ORDER, _PLANES, _PREDICTOR, _EXTRA = 266, 284, 317, 338
# Besides width, compression and photometric interpretation.
_USUAL_TAGS = {
    *(256, _HEIGHT, _BITS, 259, 262, _FILL_ORDER, _OFFSETS, _SAMPLES, _ROWS, _COUNTS),
    *(_PLANES, _PREDICTOR, _EXTRA, _FORMAT),
}


class Strips(NamedTuple):
    """The strips of a file; all have `rows` rows, but the last may have fewer.

    `predictor`, of compressed ones: 1, or 2 for differences from the pixel to the left.
    """

    source: bytes
    rows: int
    offsets: Sequence[int]
    counts: Sequence[int]
    predictor: int

    def split(self, top: int, bottom: int) -> Iterator[tuple[int, int, int]]:
        """Yields the strips with rows from `top` to `bottom`: number, first and end within it."""
        for number in range(top // self.rows, ceil(bottom / self.rows)):
            above = number * self.rows
            yield number, max(0, top - above), min(self.rows, bottom - above)


def find_strips(source: bytes, head: int, values: Mapping[int, tuple[int, ...]]) -> Strips | None:
    """Returns the strips of one plane of 8-bit samples, all within the file and behind its head.

    `values` are those of all tags that decoders need, none for those of another type than SHORT and
    LONG.
    """
    if not values.keys() <= _USUAL_TAGS or not all(values.values()) or not _is_usual(values):
        return None
    (height,), offsets, counts = (values.get(tag, ()) for tag in (_HEIGHT, _OFFSETS, _COUNTS))
    rows = min(height, *values.get(_ROWS, (height,)))
    if not rows or not len(offsets) == len(counts) == ceil(height / rows):
        return None
    places = list(zip(offsets, counts, strict=True))
    if any(at < head or not size or at + size > len(source) for at, size in places):
        return None
    (predictor,) = values.get(_PREDICTOR, (1,))
    return Strips(source, rows, offsets, counts, predictor)


def _is_usual(values: Mapping[int, tuple[int, ...]]) -> bool:
    """Returns whether samples are whole numbers of 8 bits, in one plane."""
    single = [values.get(tag, (1,)) for tag in (_SAMPLES, _ROWS, _EXTRA, _FILL_ORDER, _PLANES)]
    bits = values.get(_BITS, ())
    return (
        all(len(numbers) == 1 for numbers in single)
        and values.get(_SAMPLES, (1,)) == (len(bits),)
        and set(bits) == {8}
        and values.get(_FORMAT, (1,) * len(bits)) == (1,) * len(bits)
        and values.get(_FILL_ORDER, (1,)) == values.get(_PLANES, (1,)) == (1,)
        and values.get(_PREDICTOR, (1,)) in ((1,), (2,))
    )
