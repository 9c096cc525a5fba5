"""Requests images as visitors do, decodes them, and compares them with the status."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import requests
from PIL import Image

from lib import keys
from lib.errors import StepError
from lib.operations.verify.api import expect
from lib.operations.verify.photos import has_colour, read_picture
from lib.operations.verify.target import Target
from lib.pipeline.put_options import make_private
from lib.sizes import Size
from lib.uploads.status import VariantFacts

# CloudFront takes some minutes to invalidate a path, after paths were gathered for a minute.
_PURGE_SECONDS = 660
# Accept header without a preference.
ANY = "*/*"


class View(NamedTuple):
    """A visitor's request: URL and Accept header."""

    url: str
    accept: str


def views(target: Target, path: str) -> Iterator[View]:
    """Yields each view of a photo that a visitor can request."""
    for size in target.sizes.values():
        for folder in size.folders:
            yield View(keys.variant_url(target.images_url, folder, path), ANY)
        if "formats" in target.features:
            url = keys.variant_url(target.images_url, size.name, path)
            yield from (View(url, f"image/{format_}") for format_ in size.formats)


def get_picture(
    target: Target, view: View, **headers: str
) -> tuple[requests.Response, Image.Image]:
    """Requests an image and decodes it."""
    response = target.web.visit(view.url, Accept=view.accept, **headers)
    expect(response, 200, _delivery(target))
    return response, read_picture(response.content)


def check_picture(
    target: Target,
    size: Size,
    variant: VariantFacts,
    colour: int,
    url: str | None = None,
    **headers: str,
) -> None:
    """Compares the image at the variant's URL, or at `url`, with the variant's status."""
    response, image = get_picture(target, View(url or variant.url, ANY), **headers)
    stored = target.stack.sizes[size.name].environment["CACHE_CONTROL"]
    comparisons = {
        "bytes": (f"{len(response.content)}", f"{variant.bytes}"),
        "Content-Type": (response.headers.get("Content-Type"), variant.content_type),
        "pixels": (f"{image.width}x{image.height}", variant.pixels),
        "Cache-Control": (
            response.headers.get("Cache-Control"),
            make_private(stored) if "private" in target.features else stored,
        ),
    }
    if target.has_cdn:
        comparisons["X-Content-Type-Options"] = (
            response.headers.get("X-Content-Type-Options"),
            "nosniff",
        )
    for name, (found, expected) in comparisons.items():
        if found != expected:
            raise StepError(f"{response.url}: {name} is {found}, not {expected}", _delivery(target))
    if image.width > (size.width or image.width) or image.height > (size.height or image.height):
        raise StepError(f"{response.url}: {variant.pixels} pixels do not fit {size.name}")
    if not has_colour(image, colour):
        raise StepError(f"{response.url}: shows another photo", _delivery(target))


def wait_until_shown(target: Target, path: str, colour: int) -> int:
    """Waits until each view shows the photo of this colour; returns their number."""

    def is_shown(view: View) -> bool:
        return has_colour(get_picture(target, view)[1], colour)

    return _wait_for_all(target, path, is_shown, "shows the photo that took another's place")


def wait_until_not_shown(target: Target, path: str) -> int:
    """Waits until no view of the photo is readable; returns their number."""

    def is_gone(view: View) -> bool:
        return target.web.visit(view.url, Accept=view.accept).status_code in (403, 404)

    return _wait_for_all(target, path, is_gone, "is gone")


def _wait_for_all(target: Target, path: str, is_so: Callable[[View], bool], what: str) -> int:
    waiting = list(views(target, path))
    count = len(waiting)

    def poll() -> bool | None:
        while waiting and is_so(waiting[0]):
            waiting.pop(0)
        return None if waiting else True

    environment = next(iter(target.stack.sizes.values())).environment
    more = int(environment["PURGE_DELAY"]) + _PURGE_SECONDS if target.has_cdn else 0
    target.poller.wait(
        poll,
        lambda: f"{waiting[0].url} (Accept: {waiting[0].accept}) {what}",
        f"{target.logs_of('purge')}; {target.commands.fanout('dlq list', '--queue purge')}",
        more=more,
    )
    return count


def _delivery(target: Target) -> str:
    if target.has_cdn:
        return (
            f"{target.commands.fanout('doctor')}: the images bucket's policy; the distribution "
            f"{target.stack.outputs['DistributionId']}"
        )
    return f"{target.commands.fanout('doctor')}: Block Public Access of the images bucket"
