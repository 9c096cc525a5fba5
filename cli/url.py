"""`fanout url`: signs the URL of a photo at any dimensions, and what a private stage shows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.factories import make_signing_keys, make_viewer_signer
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import MAX_DAYS, DaysOption, print_json
from cli.viewer_urls import check_lifetime, check_path, print_cookies, sign_variant
from lib.auth.signatures import sign, sign_url
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
    size: Annotated[
        str | None,
        typer.Option("--size", help="The variant at this size, on a stage with viewers: signed"),
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option("--folder", help="Cookies for the photos of this folder; / for all photos"),
    ] = None,
    cookie_domain: Annotated[
        str | None,
        typer.Option("--cookie-domain", help="Domain that the page and the images share"),
    ] = None,
    minutes: MinutesOption = None,
    days: DaysOption = None,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a signed URL of a photo at any dimensions.

    Anyone with the URL can see the photo. Does not check that it exists. Without a path, prints the
    value of `signed` for POST /render, which renders the image in the request.

    On a stage with viewers: signed, signs for CloudFront too, for an hour by default. There --size
    signs the URL of a variant, and --folder the cookies for a folder.

    Example: ./fanout url 2026/photo.jpg --w 640 --h 360 --days 7 --stage prod
    """
    lifetime = _find_lifetime(minutes, days)
    box = {"w": width, "h": height, "fit": fit, "format": format_, "quality": quality}
    _check_kind(path, box, size, folder, cookie_domain)
    target = Stage(stage, region)
    if folder is not None:
        print_cookies(target, folder, cookie_domain, check_lifetime(lifetime), as_json=as_json)
        return
    expires_at: datetime | None
    if path is not None and size is not None:
        expires_at = check_lifetime(lifetime)
        signed = sign_variant(target, path, size, format_, expires_at)
    else:
        signed, expires_at = _sign_box(target, path, box, lifetime)
    if as_json:
        print_json(
            {"url" if path else "signed": signed}
            | ({"expires_at": expires_at} if expires_at else {})
        )
    else:
        typer.echo(signed)


def _check_kind(
    path: str | None,
    box: Mapping[str, int | str | None],
    size: str | None,
    folder: str | None,
    cookie_domain: str | None,
) -> None:
    """Raises BadParameter unless the options ask for one thing."""
    beside_format = [key for key, value in box.items() if value is not None and key != "format"]
    if folder is not None and (path or size or beside_format or box["format"]):
        raise typer.BadParameter(
            "cookies are for all images of the folder: give no path, size or dimensions",
            param_hint="--folder",
        )
    if size is not None and (path is None or beside_format):
        raise typer.BadParameter(
            "give the path of a photo, and no dimensions: a size has its own", param_hint="--size"
        )
    if cookie_domain is not None and folder is None:
        raise typer.BadParameter("cookies need a --folder", param_hint="--cookie-domain")
    if folder is None and size is None and box["w"] is None and box["h"] is None:
        raise typer.BadParameter("give a width, a height or both: --w 640 --h 360")


def _sign_box(
    target: Stage, path: str | None, box: Mapping[str, int | str | None], lifetime: timedelta | None
) -> tuple[str, datetime | None]:
    """Returns a signed URL, or without a path the value of `signed`, and when it expires.

    On a private stage CloudFront's signature expires, and the URL before it has no time of its own:
    so all viewers share one cache entry.
    """
    keys = make_signing_keys(target)
    if path is not None:
        check_path(path, target.stack.originals)
    key = keys.read().current
    is_private = path is not None and "ViewerKeysSecret" in target.stack.outputs
    expires_at = None
    if is_private:
        expires_at = check_lifetime(lifetime)
    elif lifetime:
        expires_at = datetime.now(UTC).replace(microsecond=0) + lifetime
        box = {**box, "expires": int(expires_at.timestamp())}
    options = ",".join(f"{name}={value}" for name, value in box.items() if value is not None)
    if path is None:
        return f"{options}/{sign(key, '', options)}", expires_at
    signed = sign_url(target.images_url, key, path, options)
    if is_private and expires_at:
        signed = make_viewer_signer(target).sign_url(signed, expires_at)
    return signed, expires_at


def _find_lifetime(minutes: int | None, days: int | None) -> timedelta | None:
    if minutes and days:
        raise typer.BadParameter("give --minutes or --days, not both", param_hint="--minutes")
    return timedelta(minutes=minutes or 0, days=days or 0) or None
