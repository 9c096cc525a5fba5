"""`fanout status`: prints a photo's status at each size."""

from typing import Any

import typer
from rich.progress import Progress

from cli.factories import make_status_reader
from cli.stage import JsonOption, PathArgument, RegionOption, Stage, StageOption
from cli.terminal import age, escape, note, print_json, show
from cli.viewer_urls import note_unsigned
from lib.errors import PermanentError
from lib.uploads.status import Stale, Status, VariantFacts

_STALE: dict[Stale, str] = {
    "original": "of an older original, or focal point",
    "recipe": "the size has another recipe now",
    "put_options": "stored with another Cache-Control or ACL than the stage's now",
}


def status(
    *,
    path: PathArgument,
    stage: StageOption,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Print a photo's status at each size.

    A size is ready, pending, failed with its reason, or gone, and its variants may be stale. Sizes
    that are not made of photos at this path have none. Exit code 1 unless the photo is ready at
    every other size.

    Example: ./fanout status 2026/photo.jpg --stage prod
    """
    try:
        target = Stage(stage, region)
        photo = make_status_reader(target).get(path)
    except PermanentError as error:
        raise typer.BadParameter(str(error), param_hint="PATH") from error
    if as_json:
        print_json(as_document(path, photo.sizes))
    else:
        print_status(photo.sizes)
        if any(each.variants for each in photo.sizes.values()):
            note_unsigned(target)
        if photo.fetch:
            why = f": {escape(str(photo.fetch.error))}" if photo.fetch.error else ""
            note(f"The fetch of this photo is {photo.fetch.state}{why}")
    if not is_ready(photo.sizes):
        raise typer.Exit(1)


def is_ready(sizes: Status) -> bool:
    """Returns whether every size is ready."""
    return all(each.state == "ready" for each in sizes.values())


def as_document(path: str, sizes: Status) -> dict[str, Any]:
    """Builds the JSON document of a photo's status."""
    states = {name: each.model_dump(mode="json", exclude_none=True) for name, each in sizes.items()}
    return {"path": path, "sizes": states}


def print_status(sizes: Status, *, beside: Progress | None = None) -> None:
    """Prints a line per size and, for easy copying, each variant's URL on its own line."""
    if not sizes:
        show("no size is made of photos at this path", beside=beside)
    width = max((len(name) for name in sizes), default=0)
    for name, each in sizes.items():
        why = f"  {each.reason}: {escape(str(each.error))}" if each.reason else ""
        stale = f"  stale: {_STALE[each.stale]}" if each.stale else ""
        show(f"{name:<{width}}  {each.state}{why}{stale}", beside=beside)
        for variant in each.variants:
            show(f"  {variant.url}\n  {_format_facts(variant)}", beside=beside)


def _format_facts(variant: VariantFacts) -> str:
    return (
        f"{variant.pixels} pixels, {variant.bytes:,} bytes, {variant.content_type}, "
        f"{age(variant.modified)} old"
    )
