"""fanout status: what has become of one photo, at each size."""

from typing import Annotated, Any

import typer

from cli.factories import make_status_reader
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import age, escape, note, print_json, show
from lib.errors import PermanentError
from lib.uploads.status import Status, VariantFacts


def status(
    *,
    path: Annotated[str, typer.Argument(help="The photo's path, such as 2026/photo.jpg")],
    stage: StageOption,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Tell of one photo, at each size: ready, pending, failed and why, or gone.

    Exit code 1 unless it is ready at every size.

    Example: ./fanout status 2026/photo.jpg --stage prod
    """
    try:
        told = make_status_reader(Stage(stage, region)).get(path)
    except PermanentError as error:
        raise typer.BadParameter(str(error), param_hint="PATH") from error
    if as_json:
        print_json(as_document(path, told.sizes))
    else:
        print_status(told.sizes)
        if told.fetch:
            why = f": {escape(str(told.fetch.error))}" if told.fetch.error else ""
            note(f"A photo ordered from the web is {told.fetch.state}{why}")
    if not is_ready(told.sizes):
        raise typer.Exit(1)


def is_ready(told: Status) -> bool:
    """Whether nothing is missing."""
    return all(each.state == "ready" for each in told.values())


def as_document(path: str, told: Status) -> dict[str, Any]:
    """A status as JSON has it."""
    sizes = {name: each.model_dump(mode="json", exclude_none=True) for name, each in told.items()}
    return {"path": path, "sizes": sizes}


def print_status(told: Status) -> None:
    """A line for each size, and one for each variant, so that its URL can be copied whole."""
    width = max((len(name) for name in told), default=0)
    for name, each in told.items():
        why = f"  {each.reason}: {escape(str(each.error))}" if each.reason else ""
        show(f"{name:<{width}}  {each.state}{why}")
        for variant in each.variants:
            show(f"  {variant.url}\n  {_facts(variant)}")


def _facts(variant: VariantFacts) -> str:
    return (
        f"{variant.pixels} pixels, {variant.bytes:,} bytes, {variant.content_type}, "
        f"{age(variant.modified)} old"
    )
