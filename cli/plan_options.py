"""Options of `fanout plan`: numbers with a unit, and wrong use as sentences with exit code 2."""

import re
from pathlib import Path

import typer

from lib.errors import ConfigError
from lib.operations.plan.prices import Prices, load_prices
from lib.operations.plan.uploads_file import read_uploads
from lib.sizes import read_sizes

# Hours of a month, as AWS reckons.
MONTH_HOURS = 730
# Uploads of a month, unless they are given.
_PHOTOS = 1e6
_NUMBER = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>[kM]?)")
_UNITS = {"": 1, "k": 1000, "M": 1_000_000}
# The most that a plan is made for: more photos than S3's largest customers have.
_MOST = 1e12


def parse_number(text: str | float) -> float:
    """Parses an option's value; Typer passes the defaults through here as well."""
    found = _NUMBER.fullmatch(str(text))
    number = float(found["number"]) * _UNITS[found["unit"]] if found else None
    if number is None or number > _MOST:
        raise typer.BadParameter(f"{text!r} is no number such as 20000, 10k or 1.5M")
    return number


def number_option(*names: str, text: str) -> typer.models.OptionInfo:
    """Builds an option whose value is a number with a unit."""
    option: typer.models.OptionInfo = typer.Option(
        *names, parser=parse_number, metavar="NUMBER", help=text
    )
    return option


def read_hours(uploads: Path | None, photos: float | None) -> list[float]:
    """Returns the uploads by hour: those of the file, or as many in each hour of a month."""
    if uploads is None:
        each = (_PHOTOS if photos is None else photos) / MONTH_HOURS
        return [each] * MONTH_HOURS
    if photos is not None:
        raise typer.BadParameter(
            "give either --photos or --uploads: the file has the photos",
            param_hint="--photos / --uploads",
        )
    try:
        return read_uploads(uploads)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--uploads") from error


def check_options(
    rate: float,
    burst: list[float] | None,
    picture: Path | None,
    uploads: Path | None,
    *,
    deployed: bool,
    param: list[str] | None,
) -> None:
    """Raises BadParameter for options that do not go together or mean nothing."""
    if not rate or any(photos < 1 for photos in burst or ()):
        raise typer.BadParameter(
            "a burst has at least one photo, and comes at more than 0 photos a second",
            param_hint="--burst / --rate",
        )
    if picture and not (burst or uploads):
        raise typer.BadParameter(
            "there is nothing to draw: give --burst or --uploads", param_hint="--picture"
        )
    if picture and not picture.resolve().parent.is_dir():
        raise typer.BadParameter(
            f"there is no folder {picture.resolve().parent}: make it, or name another file",
            param_hint="--picture",
        )
    if deployed and param:
        raise typer.BadParameter(
            "a deployed stage has its parameters already: leave out --param, or --deployed",
            param_hint="--param / --deployed",
        )


def check_sizes_file(file: Path) -> Path:
    """Returns the file; raises BadParameter with its mistakes."""
    if file.exists() and not file.is_file():
        raise typer.BadParameter(
            f"{file} is no file: a deploy reads it again, so save it in one first",
            param_hint="--compare",
        )
    try:
        read_sizes(file)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--compare") from error
    return file


def find_prices(region: str, *, free_tier: bool) -> Prices:
    """Returns a region's prices; raises BadParameter if there are none."""
    try:
        return load_prices(region, free_tier=free_tier)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--region") from error
