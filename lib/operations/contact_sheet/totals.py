"""Sums up the bytes of a contact sheet, by size and format."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lib.operations.contact_sheet.columns import Column
from lib.operations.contact_sheet.rendering import Row, pair_images
from lib.operations.contact_sheet.wording import name_format


class Total(NamedTuple):
    """Photos of a size that are stored in a format, and their bytes on each side.

    The bytes are 0 on a side that makes no such image.
    """

    size: str
    format: str
    photos: int
    lengths: tuple[int, ...]

    @property
    def is_compared(self) -> bool:
        """Whether there are two sides, and each has the images."""
        return len(self.lengths) > 1 and all(self.lengths)


class Totals:
    """Sums of rows; images that one side of a comparison lacks are summed up apart."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._sums: dict[tuple[int, str, tuple[bool, ...]], Total] = {}
        self.photos = 0
        # Why, by path.
        self.broken_photos: dict[str, str] = {}

    @property
    def files(self) -> list[str]:
        """The names of the files that the sides are of."""
        return [side.file for side in self._columns[0].sides]

    @property
    def broken(self) -> int:
        """Number of photos that cannot be rendered at one of the sizes."""
        return len(self.broken_photos)

    def add(self, row: Row) -> None:
        """Adds a photo."""
        self.photos += 1
        if row.notes:
            self.broken_photos[row.path] = "; ".join(row.notes)
        for index, (column, cells) in enumerate(zip(self._columns, row.cells, strict=True)):
            for pair in pair_images(cells):
                formats = [name_format(image.format) for image in pair if image]
                # Once, if both sides have the same format.
                format_ = " to ".join(dict.fromkeys(formats))
                lengths = tuple(len(image.data) if image else 0 for image in pair)
                key = index, format_, tuple(map(bool, pair))
                total = self._sums.get(key)
                if total:
                    lengths = tuple(map(sum, zip(total.lengths, lengths, strict=True)))
                photos = 1 + (total.photos if total else 0)
                self._sums[key] = Total(column.name, format_, photos, lengths)

    def list(self) -> Iterator[tuple[int, Total]]:
        """Yields the sums with the position of their column, in the order of the columns."""
        for (index, *_), total in sorted(self._sums.items(), key=lambda item: item[0][0]):
            yield index, total
