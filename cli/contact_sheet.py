"""`fanout contact-sheet`: shows photos at each size, rendered on this machine."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.sizes import SIZES_FILE
from cli.stage import JsonOption, RegionOption, Stage
from cli.terminal import escape, note, print_json, progress, show
from lib.concurrency import map_concurrently
from lib.errors import ConfigError
from lib.operations.contact_sheet.columns import Column, make_columns, make_differences
from lib.operations.contact_sheet.documents import make_document
from lib.operations.contact_sheet.page import SheetPage
from lib.operations.contact_sheet.photos import (
    FoundPhotos,
    SheetPhoto,
    find_photos,
    find_stored_photos,
)
from lib.operations.contact_sheet.picture import SheetPicture
from lib.operations.contact_sheet.rendering import render_row
from lib.operations.contact_sheet.totals import Totals
from lib.operations.contact_sheet.wording import format_change, format_total
from lib.plurals import pluralize
from lib.sizes import read_sizes

# Photos without --limit: the frames of a film, a page of some 10 MB. More make a page that browsers
# take seconds to open, and at --limit's maximum hundreds of MB.
_PHOTOS, _MAX_PHOTOS = 36, 500
# Photos that are rendered at once: each may take a gigabyte of memory.
_MAX_WORKERS = 4
_PAGE, _PICTURE = "contact-sheet.html", "contact-sheet.png"


def contact_sheet(
    *,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="The folder of photos; without --stage",
            exists=True,
            file_okay=False,
            show_default=False,
        ),
    ] = None,
    stage: Annotated[
        str | None, typer.Option("--stage", help="A stage whose originals to show, with --prefix")
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="Only originals whose paths start with this text")
    ] = "",
    sizes_file: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The file of sizes", show_default="sizes.yml"),
    ] = SIZES_FILE,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Another file: show only the sizes that differ in it"),
    ] = None,
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="Where to write the sheet", file_okay=False)
    ] = Path("contact-sheet"),
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MAX_PHOTOS,
            help=f"Take the first photos by name; needed for more than {_PHOTOS}",
        ),
    ] = None,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Show the photos of a folder at each size, on a page.

    Renders on this machine, as a stage would; for a folder it needs no stage and no AWS. Writes
    an HTML page, and the same as a PNG. Exit code 1 if a photo cannot be rendered.

    Example: ./fanout contact-sheet holiday --against other.yml
    """
    _check_place(folder, stage, prefix)
    columns = _read_columns(sizes_file, against)
    if not columns:
        note(f"No size differs in its images between {sizes_file} and {against}: nothing to show")
        return
    if stage:
        found, place = _find_stored(Stage(stage, region), prefix, limit)
    else:
        found, place = find_photos(folder or Path(), leave_out=output / _PICTURE), str(folder)
    photos = _choose(found, place, limit)
    files = " and ".join(side.file for side in columns[0].sides)
    totals = _make_sheet(photos, columns, output, escape(f"{place} at {files}"), as_json=as_json)
    if not as_json:
        show(_make_table(totals))
    _report(found, photos, totals)
    note(f"Written: {escape(str(output / _PAGE))}, {escape(str(output / _PICTURE))}")
    if totals.broken or found.unreadable:
        raise typer.Exit(1)


def _read_columns(sizes_file: Path, against: Path | None) -> list[Column]:
    file = read_sizes(sizes_file)
    return make_differences(file, read_sizes(against)) if against else make_columns(file)


def _check_place(folder: Path | None, stage: str | None, prefix: str) -> None:
    if (folder is None) == (stage is None):
        raise typer.BadParameter(
            "name either a folder, or a stage with --stage", param_hint="FOLDER / --stage"
        )
    if prefix and stage is None:
        raise typer.BadParameter(
            "is for the originals of a stage: give --stage too", param_hint="--prefix"
        )


def _find_stored(stage: Stage, prefix: str, limit: int | None) -> tuple[FoundPhotos, str]:
    """Returns as many originals as are shown, and where they are."""
    originals = stage.stack.originals
    found = find_stored_photos(stage.client("s3"), originals, prefix, at_most=limit or _PHOTOS + 1)
    return found, f"{originals}{prefix}"


def _choose(found: FoundPhotos, place: str, limit: int | None) -> list[SheetPhoto]:
    """Returns the photos of the sheet; raises ConfigError if there are none."""
    count = len(found.photos)
    if not count:
        for each in found.unreadable:
            note(escape(f"{each.file}: {each.error}"))
        others = f", but {pluralize(found.skipped, 'other file')}" if found.skipped else ""
        raise ConfigError(escape(f"{place}: has no photos{others}"))
    if limit is None and count > _PHOTOS:
        known = f"more than {_PHOTOS}" if found.is_cut else f"{count:,}"
        raise typer.BadParameter(
            f"a sheet shows {_PHOTOS} photos, and there are {known}: give --limit {_PHOTOS} "
            f"for the first ones by name, or up to {_MAX_PHOTOS}",
            param_hint="--limit",
        )
    return found.photos[:limit]


def _make_sheet(
    photos: Sequence[SheetPhoto],
    columns: Sequence[Column],
    output: Path,
    title: str,
    *,
    as_json: bool,
) -> Totals:
    """Renders the photos, and writes both files; prints a document for each photo."""
    totals, picture = Totals(columns), SheetPicture(columns, len(photos))
    workers = min(_MAX_WORKERS, os.cpu_count() or 1)
    with _reported_if_unwritable(output):
        # Before minutes of work.
        output.mkdir(parents=True, exist_ok=True)
        page = SheetPage(columns, totals, output)
    with page, progress(as_json=as_json) as bar:
        task = bar.add_task("Rendering", total=len(photos))
        render = partial(render_row, columns=columns)
        for row in map_concurrently(photos, render, max_workers=workers):
            totals.add(row)
            with _reported_if_unwritable(output):
                page.add(row)
            picture.add(row)
            bar.advance(task)
            if as_json:
                print_json(make_document(row, columns))
        with _reported_if_unwritable(output):
            page.write(output / _PAGE, title)
            picture.save(output / _PICTURE)
    if picture.missing:
        missing = pluralize(picture.missing, "photo")
        note(f"{_PICTURE} has no room for the last {missing}: {_PAGE} has them")
    return totals


@contextmanager
def _reported_if_unwritable(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            escape(f"{output}: cannot be written: {error.strerror}: name a folder with --output")
        ) from error


def _make_table(totals: Totals) -> Table:
    table = Table("size", "format")
    headings = [*totals.files, "change"] if len(totals.files) > 1 else ["bytes"]
    for heading in ("photos", *headings):
        table.add_column(heading, justify="right")
    for _, total in totals.list():
        change = [format_change(*total.lengths)] if total.is_compared else []
        lengths = map(format_total, total.lengths)
        table.add_row(total.size, total.format, f"{total.photos:,}", *lengths, *change)
    return table


def _report(found: FoundPhotos, photos: Sequence[SheetPhoto], totals: Totals) -> None:
    left = len(found.photos) - len(photos)
    facts = [f"{pluralize(len(photos), 'photo')}"]
    if left or found.is_cut:
        facts.append(f"{'' if found.is_cut else f'{left:,} '}more beyond --limit")
    if found.skipped:
        facts.append(f"skipped {pluralize(found.skipped, 'other file')}")
    note(", ".join(facts))
    for path, reasons in totals.broken_photos.items():
        note(escape(f"{path}: {reasons}"))
    for each in found.unreadable:
        note(escape(f"{each.file}: {each.error}"))
