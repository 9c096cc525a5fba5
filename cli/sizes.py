"""`fanout sizes …`: checks sizes.yml without AWS."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.stage import JsonOption
from cli.terminal import note, print_json, show
from lib.images.largest import find_max_megapixels
from lib.plurals import pluralize
from lib.sizes import Quality, Size, Watermark, read_sizes, recipe_id
from lib.watermarks import check_watermarks

SIZES_FILE = Path(__file__).resolve().parent.parent / "sizes.yml"
# Fields that have a line of their own, or are in the first.
_SHOWN = {"name", "width", "height", "fit", "format", "formats", "quality", "memory"}

app = typer.Typer(help="Check sizes.yml, without a stage and without AWS.", no_args_is_help=True)

FileArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="The file to check", show_default="sizes.yml"),
]


@app.command()
def check(*, file: FileArgument = SIZES_FILE, as_json: JsonOption = False) -> None:
    """Check the file as a deploy does.

    Prints each size as it is understood. Lists all mistakes, and then has exit code 1. How many
    sizes a stage can have, and how long their names can be, depends on its parameters: a deploy
    checks that.

    Example: ./fanout sizes check sizes.yml
    """
    read = read_sizes(file)
    check_watermarks(read)
    for size in read.sizes:
        if as_json:
            print_json(_make_document(size))
        else:
            show(_format(size))
    note(f"{read.file}: {pluralize(len(read.sizes), 'size')}, no mistakes")


def _make_document(size: Size) -> dict[str, Any]:
    return {
        **size.model_dump(mode="json"),
        "folders": size.folders,
        "recipe": recipe_id(size),
        "max_megapixels": find_max_megapixels(size),
    }


def _format(size: Size) -> str:
    """Formats a size and what follows from it, on a line for each fact."""
    facts = {
        "box": _describe_box(size),
        "formats": _describe_formats(size),
        "quality": _describe_quality(size),
        **_list_options(size),
        "memory": f"{size.memory:,} MB",
        "largest photo": _describe_largest(size),
        "folders": ", ".join(f"/{folder}/" for folder in size.folders),
        "recipe": recipe_id(size),
    }
    return "\n".join([size.name, *(f"  {name:<15} {fact}" for name, fact in facts.items())])


def _describe_box(size: Size) -> str:
    if size.width is None:
        return f"height {size.height}, the width follows"
    if size.height is None:
        return f"width {size.width}, the height follows"
    return f"{size.width} x {size.height}, {size.fit}"


def _describe_formats(size: Size) -> str:
    own = "that of the photo" if size.format == "keep" else size.format
    return ", ".join([own, *size.formats])


def _describe_quality(size: Size) -> str:
    made = {size.format, *size.formats}
    qualities = {
        format_: size.quality_of(format_)
        for format_ in Quality.model_fields
        if format_ in made or "keep" in made
    }
    return ", ".join(f"{format_} {quality}" for format_, quality in qualities.items()) or "none"


def _list_options(size: Size) -> dict[str, str]:
    """Returns the other keys that are not as they are by default."""
    given = size.model_dump(mode="json", exclude=_SHOWN, exclude_defaults=True)
    options = {key: _say(value) for key, value in given.items()}
    if size.watermark:
        options["watermark"] = _describe_watermark(size.watermark)
    return options


def _say(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _describe_watermark(watermark: Watermark) -> str:
    return (
        f"{watermark.file}, {watermark.position}, width {watermark.width}, "
        f"margin {watermark.margin}, opacity {watermark.opacity:g}"
    )


def _describe_largest(size: Size) -> str:
    """Lists the input formats by their largest photo, the largest first."""
    formats = dict[int, list[str]]()
    for name, megapixels in find_max_megapixels(size).items():
        formats.setdefault(megapixels, []).append(name)
    return "; ".join(
        f"{f'{megapixels} MP' if megapixels else 'less than 1 MP'} ({', '.join(names)})"
        for megapixels, names in sorted(formats.items(), reverse=True)
    )
