"""Renders one photo for a contact sheet: a preview of the original, and each column's images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from lib.errors import PermanentError, Reason
from lib.images import Rendition, content_type_of, render_all
from lib.images.limits import MAX_BYTES
from lib.operations.contact_sheet.columns import Column, Side
from lib.operations.contact_sheet.photos import Original, SheetPhoto
from lib.sizes import Quality, Size
from lib.sizes.size import MAX_MEMORY
from lib.uploads.local_files import describe_unreadable

# Browsers do not show every format of an original. Twice the pixels of a cell, for fine screens;
# with the memory of the largest function, so that it renders what any size renders.
_PREVIEW = Size(
    name="preview", width=560, height=560, fit="inside", format="webp", memory=MAX_MEMORY
)


@dataclass(frozen=True)
class SheetImage:
    """An image as the stage would store it; `quality` is None for formats that have none."""

    data: bytes
    format: str
    width: int
    height: int
    quality: int | None


@dataclass(frozen=True)
class Cell:
    """A photo at a size: its images, the size's own format first, or why there are none.

    With a `reason` the photo cannot be rendered; with a `note` alone it is not meant to be.
    """

    images: tuple[SheetImage, ...] = ()
    note: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """A photo and its cells: for each column one, or two to compare.

    `width` and `height` are those of the upright original, 0 if it cannot be read; `preview` is a
    WebP.
    """

    path: str
    length: int
    format: str
    width: int
    height: int
    preview: bytes
    cells: tuple[tuple[Cell, ...], ...]

    @property
    def notes(self) -> list[str]:
        """Why the photo cannot be rendered, each reason once; empty if it can be."""
        failed = [cell.note for cells in self.cells for cell in cells if cell.reason]
        return list(dict.fromkeys(failed))


def render_row(photo: SheetPhoto, columns: Sequence[Column]) -> Row:
    """Renders a photo at the sizes of all columns; what cannot be rendered has its reason."""
    try:
        original = _read(photo)
        preview = render_all(original.data, _PREVIEW)[0]
    except OSError as error:
        return _make_broken_row(photo, columns, "unreadable", describe_unreadable(error))
    except PermanentError as error:
        return _make_broken_row(photo, columns, error.reason, str(error))
    cells = tuple(
        tuple(_render_cell(original, photo.path, side) for side in column.sides)
        for column in columns
    )
    return Row(
        photo.path,
        len(original.data),
        _format_of(content_type_of(original.data)),
        preview.source_width,
        preview.source_height,
        preview.data,
        cells,
    )


def pair_images(
    cells: Sequence[Cell],
) -> Iterator[tuple[SheetImage | None, ...]]:
    """Yields the images of a column that belong together: own formats, then extras by format."""
    if len(cells) == 1:
        yield from ((image,) for image in cells[0].images)
        return
    before, after = (cell.images for cell in cells)
    yield from zip_longest(before[:1], after[:1])
    extras = [{image.format: image for image in images[1:]} for images in (before, after)]
    for format_ in extras[0] | extras[1]:
        yield tuple(each.get(format_) for each in extras)


def _read(photo: SheetPhoto) -> Original:
    if photo.length > MAX_BYTES:
        raise PermanentError(
            Reason.TOO_MANY_BYTES,
            f"{photo.length:,} bytes; the limit is {MAX_BYTES:,}: make the file smaller",
        )
    return photo.read()


def _make_broken_row(photo: SheetPhoto, columns: Sequence[Column], reason: str, note: str) -> Row:
    cells = tuple(
        tuple(
            _make_absent_cell(photo.path, side) or Cell(note=note, reason=reason)
            for side in column.sides
        )
        for column in columns
    )
    return Row(photo.path, photo.length, "", 0, 0, b"", cells)


def _render_cell(original: Original, path: str, side: Side) -> Cell:
    absent = _make_absent_cell(path, side)
    if absent or side.size is None:
        return absent or Cell()
    try:
        renditions = render_all(original.data, side.size, original.focus, side.watermark)
    except PermanentError as error:
        return Cell(note=str(error), reason=error.reason)
    return Cell(tuple(_make_image(each, side.size) for each in renditions))


def _make_absent_cell(path: str, side: Side) -> Cell | None:
    """Returns the cell of a photo that the size is not made of; None if it is."""
    if side.size is None:
        return Cell(note=f"not in {side.file}")
    if not side.size.applies_to(path):
        return Cell(note="not made of this photo: paths, except")
    return None


def _make_image(rendition: Rendition, size: Size) -> SheetImage:
    format_ = _format_of(rendition.content_type)
    is_lossy = format_ in Quality.model_fields and not (size.lossless and format_ == "webp")
    quality = size.quality_of(format_) if is_lossy else None
    return SheetImage(rendition.data, format_, rendition.width, rendition.height, quality)


def _format_of(content_type: str) -> str:
    return content_type.removeprefix("image/")
