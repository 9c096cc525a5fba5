"""Pictures as visitors get them: asked for, decoded, compared with what status told of them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import requests
from PIL import Image

from lib import keys
from lib.errors import StepError
from lib.operations.verify.api import expect
from lib.operations.verify.photos import has_colour, read_picture
from lib.operations.verify.target import Target
from lib.sizes import Size
from lib.uploads.status import VariantFacts

# Of CloudFront: it forgets a path some minutes after it was told, and we gather paths for a minute.
_PURGE_SECONDS = 660
# What takes no format in particular.
ANY = "*/*"


class View(NamedTuple):
    """What a visitor asks for: a URL, and the formats that his browser takes."""

    url: str
    accept: str


def views(target: Target, path: str) -> Iterator[View]:
    """Each picture of a photo that a visitor can ask for."""
    for size in target.sizes.values():
        for folder in size.folders:
            yield View(keys.variant_url(target.images_url, folder, path), ANY)
        if "formats" in target.features:
            url = keys.variant_url(target.images_url, size.name, path)
            yield from (View(url, f"image/{format_}") for format_ in size.formats)


def get_picture(target: Target, view: View) -> tuple[requests.Response, Image.Image]:
    """GET a picture, and decode it."""
    answer = target.web.visit(view.url, Accept=view.accept)
    expect(answer, 200, _delivery(target))
    return answer, read_picture(answer.content)


def check_picture(
    target: Target, size: Size, facts: VariantFacts, colour: int, url: str | None = None
) -> None:
    """Compare what a visitor gets, at the variant's URL or another, with what is stored."""
    answer, image = get_picture(target, View(url or facts.url, ANY))
    told = {
        "bytes": (f"{len(answer.content)}", f"{facts.bytes}"),
        "Content-Type": (answer.headers.get("Content-Type"), facts.content_type),
        "pixels": (f"{image.width}x{image.height}", facts.pixels),
        "Cache-Control": (
            answer.headers.get("Cache-Control"),
            target.stack.sizes[size.name].environment["CACHE_CONTROL"],
        ),
    }
    if target.has_cdn:
        told["X-Content-Type-Options"] = (answer.headers.get("X-Content-Type-Options"), "nosniff")
    for name, (found, meant) in told.items():
        if found != meant:
            raise StepError(f"{answer.url}: {name} is {found}, not {meant}", _delivery(target))
    if image.width > (size.width or image.width) or image.height > (size.height or image.height):
        raise StepError(f"{answer.url}: {facts.pixels} pixels do not fit {size.name}")
    if not has_colour(image, colour):
        raise StepError(f"{answer.url}: shows another photo", _delivery(target))


def wait_until_shown(target: Target, path: str, colour: int) -> int:
    """Wait until each picture shows the photo of this colour; how many there are."""

    def is_shown(view: View) -> bool:
        return has_colour(get_picture(target, view)[1], colour)

    return _wait_for_all(target, path, is_shown, "shows the photo that took another's place")


def wait_until_not_shown(target: Target, path: str) -> int:
    """Wait until nobody gets a picture of the photo any more; how many there were."""

    def is_gone(view: View) -> bool:
        return target.web.visit(view.url, Accept=view.accept).status_code in (403, 404)

    return _wait_for_all(target, path, is_gone, "is gone")


def _wait_for_all(target: Target, path: str, is_so: Callable[[View], bool], what: str) -> int:
    waiting = list(views(target, path))
    count = len(waiting)

    def look() -> bool | None:
        while waiting and is_so(waiting[0]):
            waiting.pop(0)
        return None if waiting else True

    environment = next(iter(target.stack.sizes.values())).environment
    more = int(environment["PURGE_DELAY"]) + _PURGE_SECONDS if target.has_cdn else 0
    target.poller.wait(
        look,
        lambda: f"{waiting[0].url} (Accept: {waiting[0].accept}) {what}",
        f"{target.logs_of('purge')}; ./fanout dlq list --stage {target.stage} --queue purge",
        more=more,
    )
    return count


def _delivery(target: Target) -> str:
    if target.has_cdn:
        return (
            f"./fanout doctor --stage {target.stage}: the images bucket's policy; the distribution "
            f"{target.stack.outputs['DistributionId']}"
        )
    return f"./fanout doctor --stage {target.stage}: Block Public Access of the images bucket"
