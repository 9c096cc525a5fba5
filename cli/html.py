"""`fanout html`: prints the HTML that shows a photo."""

from typing import Annotated

import typer

from cli.factories import make_status_reader
from cli.stage import JsonOption, PathArgument, RegionOption, Stage, StageOption
from cli.terminal import note, print_json
from cli.viewer_urls import note_unsigned
from lib.errors import PermanentError
from lib.operations.verify.target import read_features
from lib.uploads.page import NOT_READY, build_page_image
from lib.uploads.page_html import render_html

# Why a size is left out, for people.
_WHY = {
    "gone": "there is no original",
    "pending": "pending",
    "failed": "failed: fanout status has the reason",
    "excluded": "the photo is not rendered at it",
    "ratio": "another ratio of width to height",
    "same_width": "as wide as another",
    "format": "not every browser shows its format, and not every width has it",
    "no_pixels": "its metadata has no pixels",
}


def html(
    *,
    path: PathArgument,
    stage: StageOption,
    sizes: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Sizes to choose from, separated by commas; by default all. Of these, the widest "
            "and those with its ratio are used",
        ),
    ] = None,
    alt: Annotated[
        str, typer.Option(metavar="TEXT", help="What the photo shows; empty for a decoration")
    ] = "",
    sizes_attribute: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help='How wide the page shows it, such as "(max-width: 600px) 100vw, 600px"; by '
            "default its own width, at most the window's",
        ),
    ] = None,
    eager: Annotated[
        bool, typer.Option("--eager", help="Load it first: for the image at the top of a page")
    ] = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Print the HTML that shows a photo.

    A picture element with a source per format, srcset, sizes, width and height. Exit code 1 if a
    size is pending or failed: the HTML lacks it.

    Example: ./fanout html 2026/photo.jpg --alt "The sea" --stage prod
    """
    target = Stage(stage, region)
    names = [] if sizes is None else target.chosen_sizes(sizes.split(","), "--sizes")
    try:
        status = make_status_reader(target).get(path).sizes
    except PermanentError as error:
        raise typer.BadParameter(str(error), param_hint="PATH") from error
    serves_formats = "formats" in read_features(target.stack)
    image = build_page_image(status, names, serves_formats=serves_formats)
    if image is None:
        states = [
            f"{name} {status[name].state if name in status else 'excluded'}"
            for name in names or status
        ]
        note(f"No size of this photo can be shown: {', '.join(states) or 'no size is made of it'}")
        raise typer.Exit(1)
    text = render_html(image, alt=alt, sizes=sizes_attribute, eager=eager)
    if as_json:
        print_json({"path": path, "html": text, **image.model_dump(mode="json")})
    else:
        typer.echo(text)
        for name, reason in image.left_out.items():
            note(f"Without {name}: {_WHY[reason]}")
        note_unsigned(target)
    if any(reason in NOT_READY for reason in image.left_out.values()):
        raise typer.Exit(1)
