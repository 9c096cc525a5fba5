"""`fanout url`: the URL of a picture of any dimensions, signed with the stage's key."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.factories import make_signing_keys
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import MAX_DAYS, DaysOption, print_json
from lib import keys
from lib.auth.signatures import sign, sign_url
from lib.errors import PermanentError, RequestError
from lib.on_demand.options import MEMORY, parse_options
from lib.sizes import MAX_EDGE

_MAX_MINUTES = MAX_DAYS * 24 * 60

MinutesOption = Annotated[
    int | None,
    typer.Option("--minutes", min=1, max=_MAX_MINUTES, help="Let it expire after so many minutes"),
]


def url(
    *,
    path: Annotated[
        str | None,
        typer.Argument(help="The photo's path, such as 2026/photo.jpg; none: for POST /render"),
    ] = None,
    stage: StageOption,
    width: Annotated[
        int | None, typer.Option("--w", min=1, max=MAX_EDGE, help="Width in pixels")
    ] = None,
    height: Annotated[
        int | None, typer.Option("--h", min=1, max=MAX_EDGE, help="Height in pixels")
    ] = None,
    fit: Annotated[
        str | None, typer.Option("--fit", help="cover (default), contain, inside or fill")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="keep (default), jpeg, png, webp or avif")
    ] = None,
    quality: Annotated[
        int | None, typer.Option("--quality", min=1, max=100, help="Of JPEG, WebP or AVIF")
    ] = None,
    minutes: MinutesOption = None,
    days: DaysOption = None,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the URL of a photo at any dimensions, alone; whoever has it can see the picture.

    Whether there is a photo at the path is not looked at. Without a path it is what POST /render
    takes as `signed`, for pictures that requests bring along.

    Example: ./fanout url 2026/photo.jpg --w 640 --h 360 --days 7 --stage prod
    """
    if width is None and height is None:
        raise typer.BadParameter("give a width, a height or both: --w 640 --h 360")
    expires_at = _expiry(minutes, days)
    given = {"w": width, "h": height, "fit": fit, "format": format_, "quality": quality}
    if expires_at:
        given["expires"] = int(expires_at.timestamp())
    options = ",".join(f"{key}={value}" for key, value in given.items() if value is not None)
    _check(path, options)
    at = Stage(stage, region)
    key = make_signing_keys(at).read().current
    made = f"{options}/{sign(key, '', options)}"
    if path is not None:
        made = sign_url(at.images_url, key, path, options)
    if as_json:
        print_json(
            {"url" if path else "signed": made} | ({"expires_at": expires_at} if expires_at else {})
        )
    else:
        typer.echo(made)


def _expiry(minutes: int | None, days: int | None) -> datetime | None:
    if minutes and days:
        raise typer.BadParameter("give either --minutes or --days", param_hint="--minutes")
    if not (minutes or days):
        return None
    lifetime = timedelta(minutes=minutes or 0, days=days or 0)
    return datetime.now(UTC).replace(microsecond=0) + lifetime


def _check(path: str | None, options: str) -> None:
    """Wrong use for a URL that would be refused however it was signed."""
    try:
        if path is not None:
            keys.check_original(path)
            path.encode()
    except (PermanentError, UnicodeEncodeError) as error:
        raise typer.BadParameter(str(error), param_hint="PATH") from error
    try:
        parse_options(options).size(MEMORY)
    except RequestError as error:
        raise typer.BadParameter(str(error)) from error
