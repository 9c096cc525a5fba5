"""`fanout url`: signs the URL of a photo at any dimensions."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.factories import make_signing_keys
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import MAX_DAYS, DaysOption, print_json
from lib.auth.signatures import sign, sign_url
from lib.errors import PermanentError
from lib.keys import Originals
from lib.sizes import MAX_EDGE
from lib.sizes.size import Fit, Format

_MAX_MINUTES = MAX_DAYS * 24 * 60

MinutesOption = Annotated[
    int | None,
    typer.Option(
        "--minutes", min=1, max=_MAX_MINUTES, help="Minutes until it expires; never by default"
    ),
]


def url(
    *,
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="The photo's path, such as 2026/photo.jpg; leave it out to sign for POST /render",
        ),
    ] = None,
    stage: StageOption,
    width: Annotated[
        int | None, typer.Option("--w", min=1, max=MAX_EDGE, help="Width in pixels")
    ] = None,
    height: Annotated[
        int | None, typer.Option("--h", min=1, max=MAX_EDGE, help="Height in pixels")
    ] = None,
    fit: Annotated[
        Fit | None,
        typer.Option("--fit", help="How the photo fits: cover (default), contain, inside or fill"),
    ] = None,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="Output format: keep (default), jpeg, png, webp or avif"),
    ] = None,
    quality: Annotated[
        int | None, typer.Option("--quality", min=1, max=100, help="Quality of JPEG, WebP or AVIF")
    ] = None,
    minutes: MinutesOption = None,
    days: DaysOption = None,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a signed URL of a photo at any dimensions.

    Anyone with the URL can see the photo. Does not check that it exists. Without a path, prints the
    value of `signed` for POST /render, which renders the image in the request.

    Example: ./fanout url 2026/photo.jpg --w 640 --h 360 --days 7 --stage prod
    """
    if width is None and height is None:
        raise typer.BadParameter("give a width, a height or both: --w 640 --h 360")
    expires_at = _find_expiry(minutes, days)
    values = {"w": width, "h": height, "fit": fit, "format": format_, "quality": quality}
    if expires_at:
        values["expires"] = int(expires_at.timestamp())
    options = ",".join(f"{key}={value}" for key, value in values.items() if value is not None)
    target = Stage(stage, region)
    signing_keys = make_signing_keys(target)
    if path is not None:
        _check_path(path, target.stack.originals)
    key = signing_keys.read().current
    signed = f"{options}/{sign(key, '', options)}"
    if path is not None:
        signed = sign_url(target.images_url, key, path, options)
    if as_json:
        print_json(
            {"url" if path else "signed": signed}
            | ({"expires_at": expires_at} if expires_at else {})
        )
    else:
        typer.echo(signed)


def _find_expiry(minutes: int | None, days: int | None) -> datetime | None:
    if minutes and days:
        raise typer.BadParameter("give --minutes or --days, not both", param_hint="--minutes")
    if not (minutes or days):
        return None
    lifetime = timedelta(minutes=minutes or 0, days=days or 0)
    return datetime.now(UTC).replace(microsecond=0) + lifetime


def _check_path(path: str, originals: Originals) -> None:
    """Raises BadParameter for a path that the stage would refuse even if signed."""
    try:
        originals.check(path)
        path.encode()
    except (PermanentError, UnicodeEncodeError) as error:
        raise typer.BadParameter(str(error), param_hint="PATH") from error
