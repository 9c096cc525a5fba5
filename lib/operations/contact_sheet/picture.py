"""Draws a contact sheet as one picture, for a message or a ticket."""

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from lib.operations.contact_sheet import wording
from lib.operations.contact_sheet.columns import Column
from lib.operations.contact_sheet.rendering import Row, SheetImage, pair_images
from lib.plurals import pluralize

# Pixels of a cell's picture, of the space between cells, and of a line of text.
_CELL, _GAP, _LINE = (280, 210), 28, 20
_CAPTION_LINES = 3
_MARGIN, _FONT = 40, 15
_ROW = _CELL[1] + _CAPTION_LINES * _LINE + 2 * _GAP
_PAPER, _INK, _QUIET, _BAD, _RULE, _MAT = (
    *("#fbfbf9", "#1b1b1a", "#63635f", "#a3261b", "#e2e2dd", "#f1f1ed"),
)
# 240 MB while it is drawn; programs that open pictures warn from 89 million on.
MAX_PIXELS = 80_000_000
# Pillow looks for them where Linux, macOS and Windows have their fonts.
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf")
_ELLIPSIS, _REPLACEMENT = "…", "?"


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Returns a font of the system, or else Pillow's own, which has hardly more than ASCII."""
    for name in _FONTS:
        with suppress(OSError):
            return ImageFont.truetype(name, _FONT)
    return ImageFont.load_default(_FONT)


class SheetPicture:
    """Draws as many rows as MAX_PIXELS hold; `missing` counts the others."""

    def __init__(self, columns: Sequence[Column], photos: int) -> None:
        self._columns = columns
        self._slots = [max(1, _count_images(column)) for column in columns]
        cells = 1 + sum(
            slots * len(column.sides) for slots, column in zip(self._slots, columns, strict=True)
        )
        width = 2 * _MARGIN + cells * (_CELL[0] + _GAP) - _GAP
        self._rows = max(1, min(photos, (MAX_PIXELS // width - 2 * _MARGIN) // _ROW))
        self.missing = max(0, photos - self._rows)
        height = 2 * _MARGIN + self._rows * _ROW + (_LINE if self.missing else 0)
        self._image = Image.new("RGB", (width, height), _PAPER)
        self._draw = ImageDraw.Draw(self._image)
        self._row = 0

    def add(self, row: Row) -> None:
        """Draws a photo, if there is room for it."""
        if self._row == self._rows:
            return
        top = _MARGIN + self._row * _ROW
        self._row += 1
        if self._row > 1:
            self._draw.line(
                (_MARGIN, top - _GAP, self._image.width - _MARGIN, top - _GAP), fill=_RULE
            )
        left = _MARGIN
        for picture, lines, color in self._list_cells(row):
            self._draw_cell((left, top), picture, lines, color)
            left += _CELL[0] + _GAP

    def save(self, file: Path) -> None:
        """Writes the picture as PNG."""
        if self.missing:
            text = f"{pluralize(self.missing, 'more photo')}: see the page"
            self._write((_MARGIN, self._image.height - _MARGIN - _LINE), text, _QUIET, 0)
        self._image.save(file, "PNG")

    def _list_cells(self, row: Row) -> Iterator[tuple[bytes | None, list[str], str]]:
        """Yields each cell's picture, lines and colour of the lines below the first."""
        facts = [wording.format_length(row.length)]
        if row.preview:
            facts = [f"{wording.name_format(row.format)} {facts[0]}"]
            facts.insert(0, wording.describe_pixels(row.width, row.height))
        else:
            facts.append("cannot be read")
        yield row.preview or None, [row.path, *facts], _QUIET if row.preview else _BAD
        for column, slots, cells in zip(self._columns, self._slots, row.cells, strict=True):
            pairs = list(pair_images(cells))
            pairs = pairs or [(None,) * len(cells)]
            for pair in pairs:
                for side, cell, image in zip(column.sides, cells, pair, strict=True):
                    is_two = len(column.sides) > 1
                    label = f"{column.name}, {side.file}" if is_two else column.name
                    if image:
                        is_after = is_two and image is pair[-1]
                        change = _describe_change(pair) if is_after else ""
                        yield image.data, [label, *_describe(image, change)], _QUIET
                    else:
                        note = cell.reason or wording.describe_absence(cell, pair)
                        yield None, [label, note], _BAD if cell.reason else _QUIET
            # Where other photos have images of more formats.
            yield from ((None, [], "") for _ in range((slots - len(pairs)) * len(cells)))

    def _draw_cell(
        self, corner: tuple[int, int], picture: bytes | None, lines: list[str], color: str
    ) -> None:
        left, top = corner
        if picture:
            thumbnail = _make_thumbnail(picture)
            place = (left, top + _CELL[1] - thumbnail.height)
            self._image.paste(_MAT, (*place, left + thumbnail.width, top + _CELL[1]))
            self._image.paste(thumbnail, place, thumbnail)
        elif lines:
            frame = (left, top, left + _CELL[0] - 1, top + _CELL[1] - 1)
            self._draw.rectangle(frame, outline=_BAD if color == _BAD else _RULE)
        for number, line in enumerate(lines):
            at = (left, top + _CELL[1] + 8 + number * _LINE)
            self._write(at, line, color if number else _INK, _CELL[0])

    def _write(self, at: tuple[int, int], text: str, color: str, width: int) -> None:
        """Writes one line, cut to a width unless that is 0."""
        # Pillow's own font has no minus sign.
        text = "".join(each if each.isprintable() else _REPLACEMENT for each in text)
        text = text.replace("\N{MINUS SIGN}", "-")
        font = _font()
        if width and font.getlength(text) > width:
            while text and font.getlength(text + _ELLIPSIS) > width:
                text = text[:-1]
            text += _ELLIPSIS
        self._draw.text(at, text, fill=color, font=font)


def _count_images(column: Column) -> int:
    """Returns how many images, or pairs of them, a photo has at most in a column."""
    extras = {each for side in column.sides if side.size for each in side.size.formats}
    return 1 + len(extras)


def _describe(image: SheetImage, change: str) -> list[str]:
    length = f"{wording.describe_format(image)}   {wording.format_length(len(image.data))}"
    return [
        wording.describe_pixels(image.width, image.height),
        f"{length}   {change}" if change else length,
    ]


def _describe_change(pair: Sequence[SheetImage | None]) -> str:
    before, after = pair
    return wording.format_change(len(before.data), len(after.data)) if before and after else ""


def _make_thumbnail(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGBA")
    image.thumbnail(_CELL, Image.Resampling.LANCZOS)
    return image
