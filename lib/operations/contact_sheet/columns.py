"""Chooses what a sheet shows beside each original: the sizes of a file, or how two files differ."""

from dataclasses import dataclass

from lib.images import WatermarkImage, read_watermark_image
from lib.sizes import Size, SizesFile, read_watermark
from lib.sizes.size import PUT_OPTIONS, list_changes

# Keys whose change shows in no image, and in none of its bytes.
_INVISIBLE = PUT_OPTIONS | {"placeholder"}


@dataclass(frozen=True)
class Side:
    """A size as one file has it; `size` is None if the file lacks it."""

    file: str
    size: Size | None
    watermark: WatermarkImage | None = None


@dataclass(frozen=True)
class Column:
    """A size on one side, or as two files have it on two; `changes` are the keys that differ."""

    name: str
    sides: tuple[Side, ...]
    changes: tuple[str, ...] = ()


def make_columns(file: SizesFile) -> list[Column]:
    """Returns a column for each size; raises ConfigError if a watermark cannot be read."""
    return [Column(size.name, (_make_side(file, size),)) for size in file.sizes]


def make_differences(file: SizesFile, other: SizesFile) -> list[Column]:
    """Returns a column for each size whose images may differ, and for those of one file alone.

    Raises ConfigError if a watermark cannot be read.
    """
    sizes, others = ({each.name: each for each in both.sizes} for both in (file, other))
    columns = []
    for name in sizes | others:
        size, changed = sizes.get(name), others.get(name)
        changes = _list_visible(size, changed) if size and changed else []
        if changes or not (size and changed):
            sides = (_make_side(file, size), _make_side(other, changed))
            columns.append(Column(name, sides, tuple(changes)))
    return columns


def _list_visible(size: Size, other: Size) -> list[str]:
    changed = list_changes(_without_file(size), _without_file(other))
    return [key for key in changed if key not in _INVISIBLE]


def _without_file(size: Size) -> Size:
    """Returns the size without the name of its watermark's file, whose hash tells its content."""
    if size.watermark is None:
        return size
    watermark = size.watermark.model_copy(update={"file": ""})
    return size.model_copy(update={"watermark": watermark})


def _make_side(file: SizesFile, size: Size | None) -> Side:
    watermark = None
    if size and size.watermark:
        watermark = read_watermark_image(read_watermark(size.watermark, file.folder))
    return Side(file.file, size, watermark)
