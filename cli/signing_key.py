"""`fanout signing-key …`: the key that signed URLs are signed with, replaced."""

import typer

from cli.factories import make_signing_keys
from cli.stage import RegionOption, Stage, StageOption
from cli.terminal import YesOption, confirm, note, seconds
from lib.auth.ttl_cache import MIN_REFRESH, TTL

app = typer.Typer(
    help="Replace the key that signed URLs are signed with.",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Have one command as a group too."""


@app.command()
def rotate(
    *,
    stage: StageOption,
    region: RegionOption = None,
    yes: YesOption = False,
) -> None:
    """Sign with a new key from now on; URLs of the present one work until the next rotation.

    URLs of the key before it, if there was one, stop working.

    Example: ./fanout signing-key rotate --stage prod
    """
    keys = make_signing_keys(Stage(stage, region))
    known = keys.read()
    ends = (
        "URLs signed before the last rotation stop working"
        if known.previous
        else "no URL stops working"
    )
    confirm(
        f"Rotate the signing key of {stage}? URLs of the present key work until the next "
        f"rotation; {ends}.",
        yes=yes,
    )
    keys.rotate(known)
    note(
        f"Rotated: URLs of the new key work within {seconds(MIN_REFRESH)} s, those of the "
        f"previous key until the next rotation; {ends}, within {seconds(TTL)} s, but pictures that "
        "CloudFront has are shown until their time is over. Give the new key to whoever signs."
    )
