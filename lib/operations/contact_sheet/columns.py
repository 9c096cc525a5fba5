"""Chooses what a sheet shows beside each original: the sizes of a file, or how two files differ."""

from dataclasses import dataclass
from pathlib import PurePath

from lib.images import WatermarkImage, read_watermark_image
from lib.sizes import Size, SizesFile, map_watermarks
from lib.sizes.size import PUT_OPTIONS, list_changes

# Keys whose change shows in no image, and in none of its bytes.
_INVISIBLE = PUT_OPTIONS | {"placeholder"}


@dataclass(frozen=True)
class Side:
    """A size as one file has it; `size` is None if the file lacks it.

    `file` is the file's name, or its whole path if the other one has the same name.
    """

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
    marks, label = map_watermarks(file, read_watermark_image), _name(file)
    return [Column(s.name, (Side(label, s, marks.get(s.name)),)) for s in file.sizes]


def make_differences(file: SizesFile, other: SizesFile) -> list[Column]:
    """Returns a column for each size whose images may differ, and for those of one file alone.

    Raises ConfigError if a watermark cannot be read.
    """
    sizes, others = ({each.name: each for each in both.sizes} for both in (file, other))
    labels = _name(file), _name(other)
    if labels[0] == labels[1]:
        labels = file.file, other.file
    marks, other_marks = (map_watermarks(both, read_watermark_image) for both in (file, other))
    columns = []
    for name in sizes | others:
        size, changed = sizes.get(name), others.get(name)
        changes = _list_visible(size, changed) if size and changed else []
        if changes or not (size and changed):
            sides = (
                Side(labels[0], size, marks.get(name)),
                Side(labels[1], changed, other_marks.get(name)),
            )
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


def _name(file: SizesFile) -> str:
    return PurePath(file.file).name
