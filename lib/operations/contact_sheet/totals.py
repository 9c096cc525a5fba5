"""Sums up the bytes of a contact sheet, by size and format."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lib.operations.contact_sheet.columns import Column
from lib.operations.contact_sheet.rendering import Row, pair_images
from lib.operations.contact_sheet.wording import name_format


class Total(NamedTuple):
    """Photos of a size that are stored in a format, and their bytes on each side."""

    size: str
    format: str
    photos: int
    lengths: tuple[int, ...]


class Totals:
    """Sums of rows; of a comparison, those images count that both files make."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._sums: dict[tuple[int, str], Total] = {}
        self.photos = 0
        # Why, by path.
        self.broken_photos: dict[str, str] = {}

    @property
    def is_comparison(self) -> bool:
        """Whether the sums have two sides."""
        return any(len(column.sides) > 1 for column in self._columns)

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
                images = [image for image in pair if image]
                if len(images) < len(pair):
                    continue
                # Not twice, if both sides have the same format.
                format_ = " to ".join(dict.fromkeys(name_format(each.format) for each in images))
                lengths = tuple(len(each.data) for each in images)
                total = self._sums.get((index, format_))
                if total:
                    lengths = tuple(map(sum, zip(total.lengths, lengths, strict=True)))
                photos = 1 + (total.photos if total else 0)
                self._sums[index, format_] = Total(column.name, format_, photos, lengths)

    def list(self) -> Iterator[tuple[int, Total]]:
        """Yields the sums with the position of their column, in the order of the columns."""
        for (index, _), total in sorted(self._sums.items(), key=lambda item: item[0][0]):
            yield index, total
