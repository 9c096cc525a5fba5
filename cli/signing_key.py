"""`fanout signing-key …`: rotates the key that signs URLs."""

import typer

from cli.factories import make_signing_keys
from cli.stage import RegionOption, Stage, StageOption
from cli.terminal import YesOption, confirm, note, seconds
from lib.auth.ttl_cache import MIN_REFRESH, TTL

app = typer.Typer(help="Rotate the key that signs URLs.", no_args_is_help=True)


@app.command()
def rotate(
    *,
    stage: StageOption,
    region: RegionOption = None,
    yes: YesOption = False,
) -> None:
    """Replace the key that signs URLs.

    URLs of the current key work until the next rotation; those of the key before it stop working.

    Example: ./fanout signing-key rotate --stage prod
    """
    keys = make_signing_keys(Stage(stage, region))
    signing_keys = keys.read()
    effect = (
        "URLs signed before the last rotation stop working"
        if signing_keys.previous
        else "no URL stops working"
    )
    confirm(
        f"Rotate the signing key of {stage}? URLs of the current key work until the next "
        f"rotation; {effect}.",
        yes=yes,
    )
    keys.rotate(signing_keys)
    note(
        f"Rotated: URLs of the new key work within {seconds(MIN_REFRESH)} s, those of the "
        f"previous key until the next rotation; {effect}, within {seconds(TTL)} s, but CloudFront "
        "serves cached images until they expire. Give the new key to everyone who signs."
    )
