"""Signs URLs and cookies for CloudFront, as `fanout url` prints them for a private stage."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer

from cli.factories import make_viewer_signer
from cli.stage import Stage
from cli.terminal import note, print_json
from lib import keys
from lib.errors import PermanentError
from lib.keys import Originals
from lib.operations.doctor.sizes import read_deployed
from lib.operations.verify.target import read_features
from lib.plurals import pluralize
from lib.uploads.viewer_urls import MAX_SECONDS, list_folders

if TYPE_CHECKING:
    from lib.auth.viewer_signatures import FolderCookies
    from lib.sizes.size import Format

# Unless the user gives another: enough to look at a page, and worth little if it leaks.
DEFAULT_LIFETIME = timedelta(hours=1)
# RFC 6265: what every browser keeps for one host.
_MAX_COOKIES = 50


def note_unsigned(stage: Stage) -> None:
    """Says of a private stage that nobody sees the images at the URLs that were printed."""
    if "ViewerKeysSecret" in stage.stack.outputs:
        options = stage.commands.options
        note(
            "This stage shows images to signed requests only, and these URLs are not signed. Of "
            f"one variant: ./fanout url PATH --size SIZE {options}. Cookies for a page's "
            f"visitors: ./fanout url --folder FOLDER {options}"
        )


def check_path(path: str, originals: Originals) -> None:
    """Raises BadParameter for a path that the stage would refuse even if signed."""
    try:
        originals.check(path)
        path.encode()
    except (PermanentError, UnicodeEncodeError) as error:
        raise typer.BadParameter(str(error), param_hint="PATH") from error


def check_lifetime(lifetime: timedelta | None) -> datetime:
    """Returns the time of expiry; raises BadParameter for a lifetime that is too long."""
    lifetime = lifetime or DEFAULT_LIFETIME
    longest = timedelta(seconds=MAX_SECONDS)
    if lifetime > longest:
        raise typer.BadParameter(
            f"a viewer signature lasts at most {pluralize(longest.days, 'day')}, since only two "
            "rotations of the key could end it sooner",
            param_hint="--days",
        )
    return datetime.now(UTC).replace(microsecond=0) + lifetime


def sign_variant(
    stage: Stage, path: str, size: str, format_: "Format | None", expires_at: datetime
) -> str:
    """Returns the signed URL of a variant at one of the stage's sizes, or beside it in a format."""
    signer = make_viewer_signer(stage)
    check_path(path, stage.stack.originals)
    stage.chosen_sizes([size])
    deployed = read_deployed(stage.stack)[size]
    if not deployed.applies_to(path):
        raise typer.BadParameter(
            f"size {size} is not made of photos at {path!r}, by its paths and except in sizes.yml",
            param_hint="--size",
        )
    folder = size if format_ in (None, deployed.format) else f"{size}.{format_}"
    if folder not in deployed.folders:
        formats = ", ".join((deployed.format, *deployed.formats))
        raise typer.BadParameter(
            f"size {size} has no variants in {format_}; its formats: {formats}",
            param_hint="--format",
        )
    url = keys.variant_url(stage.images_url, folder, path)
    return signer.sign_url(url, expires_at)


def print_cookies(
    stage: Stage, folder: str, domain: str | None, expires_at: datetime, *, as_json: bool
) -> None:
    """Prints cookies that show the photos of a folder: as headers, or as one JSON document."""
    signer = make_viewer_signer(stage)
    features = read_features(stage.stack)
    sizes = read_deployed(stage.stack).values()
    try:
        folders = list_folders(
            folder,
            [each for size in sizes for each in size.folders],
            has_signed="signed" in features,
            has_queries="queries" in features,
        )
    except PermanentError as error:
        raise typer.BadParameter(str(error), param_hint="--folder") from error
    signed = signer.sign_folders(stage.images_url, folders, expires_at)
    count = sum(len(each.cookies) for each in signed)
    if count > _MAX_COOKIES:
        note(
            f"These are {count} cookies, and some browsers keep {_MAX_COOKIES} of a host: leave "
            "out those of sizes that the page does not show"
        )
    if as_json:
        document = {"cookies": [each._asdict() for each in signed], "expires_at": expires_at}
        print_json(document | ({"domain": domain} if domain else {}))
    else:
        typer.echo("\n".join(line for each in signed for line in _format(each, domain)))


def _format(signed: "FolderCookies", domain: str | None) -> list[str]:
    attributes = f"Path={signed.path}; Secure; HttpOnly; SameSite=Lax"
    if domain:
        attributes = f"Domain={domain}; {attributes}"
    return [f"Set-Cookie: {name}={text}; {attributes}" for name, text in signed.cookies.items()]
