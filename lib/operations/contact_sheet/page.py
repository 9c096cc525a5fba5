"""Writes a contact sheet as one HTML file, which holds its images and asks no host for anything."""

import hashlib
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

from lib.operations.contact_sheet import wording
from lib.operations.contact_sheet.columns import Column, Side
from lib.operations.contact_sheet.rendering import Cell, Row, SheetImage, pair_images
from lib.operations.contact_sheet.totals import Total, Totals
from lib.plurals import pluralize
from lib.uploads.page_html import escape_text

_STYLE = Path(__file__).with_name("page.css")
_BEFORE_AND_AFTER = 2


class SheetPage:
    """Collects rows in a temporary file in `folder`: the sums of all stand at the page's top.

    The caller adds each row to `totals` as well.
    """

    def __init__(self, columns: Sequence[Column], totals: Totals, folder: Path) -> None:
        self._columns, self._totals = columns, totals
        self._is_comparison = len(totals.files) > 1
        self._photos = 0
        self._rows = tempfile.TemporaryFile("w+", encoding="utf-8", dir=folder)  # noqa: SIM115  see __exit__

    def __enter__(self) -> "SheetPage":
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def add(self, row: Row) -> None:
        """Adds a photo."""
        self._photos += 1
        for line in self._render_row(self._photos, row):
            self._rows.write(f"{line}\n")

    def write(self, file: Path, title: str) -> None:
        """Writes the page; `title` names the folder and the files of sizes."""
        self._rows.seek(0)
        with file.open("w", encoding="utf-8") as page:
            page.writelines(f"{line}\n" for line in self._render_head(title))
            shutil.copyfileobj(self._rows, page)
            page.write("</main>\n")

    def _render_head(self, title: str) -> Iterator[str]:
        style = _STYLE.read_text(encoding="utf-8")
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
        yield "<!doctype html>"
        yield '<html lang="en"><meta charset="utf-8">'
        yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>Contact sheet: {escape_text(title)}</title>"
        yield f"<style>{style}</style>"
        yield f"<main{' class=compared' if self._is_comparison else ''}>"
        yield "<h1>Contact sheet</h1>"
        totals = self._totals
        broken = f"; {totals.broken} cannot be rendered" if totals.broken else ""
        yield f"<p>{escape_text(title)}: {pluralize(totals.photos, 'photo')}{broken}</p>"
        yield '<div class="scroll" tabindex="0" role="region" aria-label="Sizes"><table>'
        yield from self._render_sizes()
        yield "</table></div>"

    def _render_sizes(self) -> Iterator[str]:
        headings = ["Photos", "Bytes"]
        if self._is_comparison:
            headings[1:] = [*self._totals.files, "Change"]
        numbers = "".join(
            f'<th scope="col" class="number">{escape_text(each)}</th>' for each in headings
        )
        yield f'<thead><tr><th scope="col">Size</th><th scope="col">Format</th>{numbers}'
        yield '<th scope="col">As declared</th></tr></thead><tbody>'
        totals = list(self._totals.list())
        for index, column in enumerate(self._columns):
            sums = [total for position, total in totals if position == index]
            span = f' rowspan="{len(sums)}"' if len(sums) > 1 else ""
            cells = [_render_total(each) for each in sums] or [
                f'<td colspan="{len(self._totals.files) + 2 + self._is_comparison}">none</td>'
            ]
            yield f'<tr><th scope="row"{span}>{column.name}</th>{cells[0]}'
            yield f'<td class="declared"{span}>{_describe_column(column)}</td></tr>'
            yield from (f"<tr>{each}</tr>" for each in cells[1:])
        yield "</tbody>"

    def _render_row(self, number: int, row: Row) -> Iterator[str]:
        name = escape_text(row.path)
        yield f'<section id="p{number}"><h2><bdi>{name}</bdi></h2>'
        yield '<div class="strip"><div class="original">'
        yield from _render_original(row)
        yield "</div>"
        for index, (column, cells) in enumerate(zip(self._columns, row.cells, strict=True)):
            pairs = list(pair_images(cells)) or [(None,) * len(cells)]
            for slot, pair in enumerate(pairs):
                kind = "entry pair" if len(cells) == _BEFORE_AND_AFTER else "entry"
                target = f"p{number}-{index}-{slot}"
                yield f'<div class="{kind}" id="{target}">'
                yield f'<a class="close" href="#p{number}">Close</a>'
                for side, cell, image in zip(column.sides, cells, pair, strict=True):
                    label = [column.name]
                    if self._is_comparison:
                        label.append(escape_text(side.file))
                    if image is None:
                        yield from _render_absence(label, cell, pair)
                    else:
                        change = _render_change(pair) if image is pair[-1] else ""
                        yield from _render_image(row, label, image, target, change)
                yield "</div>"
        yield "</div></section>"


def _render_original(row: Row) -> Iterator[str]:
    name = escape_text(row.path)
    if not row.preview:
        yield '<figure class="broken"><div class="none">cannot be read</div><figcaption>'
        length = wording.format_length(row.length)
        yield f"<b>Original</b><span>{length}</span></figcaption></figure>"
        return
    # The preview is small: its own pixels would be taken for the original's.
    yield f'<figure><img src="{_data_url("webp", row.preview)}" alt="{name}, the original" '
    yield f'width="{row.width}" height="{row.height}" loading="lazy"><figcaption><b>Original</b>'
    yield f"<span>{wording.describe_pixels(row.width, row.height)}</span>"
    yield f"<span>{wording.name_format(row.format)} · {wording.format_length(row.length)}</span>"
    yield "</figcaption></figure>"


def _render_heading(label: Sequence[str]) -> str:
    name, *file = label
    return f"<b>{name}</b>" + "".join(f"<span>{each}</span>" for each in file)


def _render_absence(
    label: Sequence[str], cell: Cell, pair: Sequence[SheetImage | None]
) -> Iterator[str]:
    kind = ' class="broken"' if cell.reason else ""
    absence = escape_text(wording.describe_absence(cell, pair))
    yield f'<figure{kind}><div class="none">{absence}</div>'
    yield f"<figcaption>{_render_heading(label)}</figcaption></figure>"


def _render_image(
    row: Row, label: Sequence[str], image: SheetImage, target: str, change: str
) -> Iterator[str]:
    """Renders an image with its facts; `label` is HTML."""
    alt = f"{escape_text(row.path)} at {', '.join(label)}, {wording.name_format(image.format)}"
    yield f'<figure><a class="picture" href="#{target}"><img '
    yield f'src="{_data_url(image.format, image.data)}" alt="{alt}" '
    yield f'width="{image.width}" height="{image.height}" loading="lazy"></a>'
    pixels = wording.describe_pixels(image.width, image.height)
    yield f"<figcaption>{_render_heading(label)}<span>{pixels}</span>"
    length = wording.format_length(len(image.data))
    yield f"<span>{wording.describe_format(image)} · {length}</span>{change}</figcaption></figure>"


def _render_change(pair: Sequence[SheetImage | None]) -> str:
    """Formats how many bytes the second image has more or less than the first."""
    lengths = [len(image.data) for image in pair if image]
    if len(lengths) < _BEFORE_AND_AFTER:
        return ""
    return f"<span>{_render_percent(*lengths)}</span>"


def _render_percent(before: int, after: int) -> str:
    kind = "more" if after > before else "less" if after < before else ""
    return f'<b class="{kind}">{wording.format_change(before, after)}</b>'


def _render_total(total: Total) -> str:
    lengths = "".join(
        f'<td class="number">{wording.format_total(each)}</td>' for each in total.lengths
    )
    change = ""
    if len(total.lengths) == _BEFORE_AND_AFTER:
        percent = _render_percent(*total.lengths) if total.is_compared else ""
        change = f'<td class="number">{percent}</td>'
    return f'<td>{total.format}</td><td class="number">{total.photos:,}</td>{lengths}{change}'


def _describe_column(column: Column) -> str:
    if len(column.sides) == 1:
        return escape_text(wording.describe_side(column.sides[0]))
    changes = f"<br>differs in {', '.join(column.changes)}" if column.changes else ""
    return "<br>".join(map(_describe_file, column.sides)) + changes


def _describe_file(side: Side) -> str:
    text = wording.describe_side(side)
    return escape_text(text if side.size is None else f"{side.file}: {text}")


def _data_url(format_: str, data: bytes) -> str:
    return f"data:image/{format_};base64,{b64encode(data).decode()}"
