"""Steps for options of sizes, each run if a size has the option."""

from collections.abc import Callable
from urllib.parse import quote

from PIL import Image, ImageChops

from lib import images
from lib.errors import StepError
from lib.operations.verify import api
from lib.operations.verify.photos import PHOTO, RED, make_photo, read_picture
from lib.operations.verify.pictures import ANY, View, get_picture
from lib.operations.verify.target import Target
from lib.plurals import pluralize
from lib.sizes import Size

# Pixels of a watermark's width from which even a line of text, ten times as wide as it is high, is
# not too small to be placed.
_CERTAIN_WIDTH = 80
_CHANGED = 200
# Levels of a sample.
_ENCODERS_DIFFER = 12


def _without_size(needed: str, has_option: Callable[[Size], bool]) -> Callable[[Target], str]:
    """Builds a `why_off` of a step that needs a size with an option."""
    return lambda target: "" if any(map(has_option, target.sizes.values())) else needed


why_no_placeholders = _without_size("no size has placeholder", lambda size: size.placeholder)
why_no_watermarks = _without_size("no size has watermark", lambda size: bool(size.watermark))
why_no_focus = _without_size("no size has position: focus", lambda size: size.has_focus)


def watermarks(target: Target) -> str:
    """Compares variants that have a watermark with renditions that have none."""
    status = api.get_status(target, target.path(PHOTO)).sizes
    photo = make_photo(RED, target.content_type)
    count = too_small = 0
    for size in target.sizes.values():
        if size.watermark is None:
            continue
        variant = status[size.name].variants[0]
        plain = images.render(photo, size.model_copy(update={"watermark": None}))
        if plain.width * size.watermark.width_share < _CERTAIN_WIDTH:
            too_small += 1
            continue
        _, shown = get_picture(target, View(variant.url, ANY))
        if not _differ(shown, read_picture(plain.data)):
            raise StepError(
                f"{variant.url}: shows no watermark, though the photo has room for one of "
                f"{size.watermark.width} of its width, unless it is very high or low",
                target.logs_of(f"resize-{size.name}"),
            )
        count += 1
    left_out = f"; {pluralize(too_small, 'size')} too small to tell" if too_small else ""
    return f"on {pluralize(count, 'size')}{left_out}"


def _differ(one: Image.Image, other: Image.Image) -> bool:
    """Returns whether images differ by more than two encoders' versions do."""
    if one.size != other.size:
        return True
    bands = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(bands.tobytes()) > _ENCODERS_DIFFER


def placeholders(target: Target) -> str:
    """Checks that each variant of a size with placeholders has one, in the photo's colour."""
    status, count = api.get_status(target, target.path(PHOTO)).sizes, 0
    for name in [size.name for size in target.sizes.values() if size.placeholder]:
        for variant in status[name].variants:
            color = variant.placeholder.color if variant.placeholder else None
            samples = bytes.fromhex((color or "").removeprefix("#"))
            if not samples or samples[RED] != max(samples):
                raise StepError(
                    f"{variant.url}: the colour of its placeholder is {color}, not that of the "
                    "photo",
                    target.logs_of(f"resize-{name}"),
                )
            count += 1
    return pluralize(count, "placeholder")


def focus(target: Target) -> str:
    """Changes the photo's focal point, and waits until each size is cropped to it."""
    path = target.path(PHOTO)
    for point in ([0.25, 0.75], None):
        response = target.web.call("POST", f"/uploads/{quote(path)}", json={"focus": point})
        api.expect(response, _CHANGED, target.logs_of("focus"))
        api.wait_until_ready(target, path)
        # Compared as JSON, which has no tuples.
        found = api.get_status(target, path).model_dump(mode="json")["focus"]
        if found != point:
            raise StepError(
                f"status of {path}: the focal point is {found}, not {point}",
                target.logs_of("status"),
            )
    cropped = sum(size.has_focus for size in target.sizes.values())
    return f"{pluralize(cropped, 'size')} cropped anew"
