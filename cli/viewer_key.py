"""`fanout viewer-key …`: rotates the key that lets viewers see a private stage's images."""

import typer

from cli.factories import make_viewer_keys
from cli.stage import RegionOption, Stage, StageOption
from cli.terminal import YesOption, confirm, note, seconds
from lib.auth.ttl_cache import utc_now
from lib.auth.viewer_keys import PROPAGATION

app = typer.Typer(help="Rotate the key that shows images of a private stage.", no_args_is_help=True)


@app.command()
def rotate(
    *,
    stage: StageOption,
    region: RegionOption = None,
    yes: YesOption = False,
) -> None:
    """Add a viewer key, which the next deploy puts to use.

    URLs and cookies of the current key work until the next rotation is deployed. Those of the key
    before it stop working with the deploy that follows now.

    Example: ./fanout viewer-key rotate --stage prod
    """
    target = Stage(stage, region)
    store = make_viewer_keys(target)
    keys = store.read()
    ends = len(keys) > 1
    effect = (
        "those signed before the last rotation stop working with the next deploy"
        if ends
        else "none stops working"
    )
    confirm(
        f"Rotate the viewer key of {stage}? URLs and cookies of the current key work until the "
        f"next rotation is deployed; {effect}.",
        yes=yes,
    )
    # Other commands need not wait for the import.
    from lib.auth.viewer_signatures import make_key_pair  # noqa: PLC0415

    store.rotate(keys, make_key_pair(), utc_now())
    note(
        f"Added a key. To put it to use: {target.commands.deploy}. It signs "
        f"{seconds(PROPAGATION) // 60} minutes after that deploy; until then the current key does."
    )
