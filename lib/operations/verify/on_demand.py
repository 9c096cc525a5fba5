"""Steps for the optional features of a stage, each run only if it is switched on."""

from datetime import timedelta
from typing import TYPE_CHECKING

from lib import keys
from lib.auth.signatures import sign_url
from lib.aws import s3 as objects
from lib.errors import StepError
from lib.operations.verify import api
from lib.operations.verify.photos import (
    ODD_NAME,
    PHOTO,
    RED,
    UNSEEN,
    has_colour,
    make_photo,
    read_picture,
)
from lib.operations.verify.pictures import ANY, View, check_picture, get_picture
from lib.operations.verify.target import Target
from lib.sizes import MAX_EDGE, group_by_picture

if TYPE_CHECKING:
    from lib.sizes import Size

_REFUSED, _NO_SIZE = 403, 400
# Smaller than the photo, and no size's by accident alone.
_WIDTH = 61


def formats(target: Target) -> str:
    """Requests variants as browsers that accept one format each."""
    path, seen = target.path(PHOTO), set()
    for size in _with_formats(target):
        url = keys.variant_url(target.images_url, size.name, path)
        own = api.get_status(target, path).sizes[size.name].variants[0].content_type
        wanted = [(f"image/{each}", f"image/{each}") for each in size.formats]
        for accept, expected in [*wanted, (ANY, own)]:
            response, _ = get_picture(target, View(url, accept))
            found = response.headers.get("Content-Type")
            if found != expected:
                raise StepError(
                    f"{url}: {found} for Accept: {accept}, not {expected}",
                    "the distribution's viewer-request function, and its cache policy",
                )
            seen.add(expected)
    return ", ".join(sorted(seen))


def why_no_formats(target: Target) -> str:
    """Returns why formats are not chosen by Accept, or ""."""
    if "formats" not in target.features:
        return "serve_formats"
    return "" if _with_formats(target) else "serve_formats: no size has formats"


def _with_formats(target: Target) -> "list[Size]":
    return [size for size in target.sizes.values() if size.formats]


def queries(target: Target) -> str:
    """Requests a size by query."""
    path, name = target.path(PHOTO), next(iter(target.sizes))
    (variant, *_) = api.get_status(target, path).sizes[name].variants
    url = f"{target.images_url}/{keys.url_path(path)}?size="
    check_picture(target, target.sizes[name], variant, RED, url + name)
    look_at = "the distribution's viewer-request function"
    api.expect(target.web.visit(url + "_"), _NO_SIZE, look_at)
    return f"?size={name}"


def hints(target: Target) -> str:
    """Requests `?w=auto` for the narrowest and the widest layout."""
    path, sizes = target.path(PHOTO), _alike(target)
    url = f"{target.images_url}/{keys.url_path(path)}?w=auto&size={sizes[0].name}"
    status = api.get_status(target, path).sizes
    for size, width in ((sizes[0], 1), (sizes[-1], MAX_EDGE)):
        (variant, *_) = status[size.name].variants
        check_picture(target, size, variant, RED, url, **{"Sec-CH-Width": str(width)})
    return f"{sizes[0].name} to {sizes[-1].name}"


def why_no_hints(target: Target) -> str:
    """Returns why `?w=auto` selects no size, or ""."""
    if "queries" not in target.features:
        return "serve_queries"
    return "" if _alike(target) else "serve_queries: no size has a width"


def _alike(target: Target) -> "list[Size]":
    """Returns the most sizes that show one picture and have a width, by width."""
    path = target.path(PHOTO)
    sizes = [each for each in target.deployed.values() if each.width and each.applies_to(path)]
    return max(group_by_picture(sizes), key=len, default=[])


def signed(target: Target) -> str:
    """Requests a signed width, and another width with the same signature."""
    if target.signing_keys is None:
        raise StepError("the stack has no output SigningKeysArn")
    key = target.signing_keys.read().current
    url = sign_url(target.images_url, key, target.path(ODD_NAME), f"w={_WIDTH}")
    _, image = get_picture(target, View(url, ANY))
    if image.width != _WIDTH or not has_colour(image, RED):
        raise StepError(f"{url}: is {image.width} pixels wide", target.logs_of("on-demand"))
    forged = url.replace(f"/w={_WIDTH}/", f"/w={_WIDTH + 1}/")
    api.expect(target.web.visit(forged), _REFUSED, target.logs_of("on-demand"))
    return f"w={_WIDTH}"


def private(target: Target) -> str:
    """Requests a variant without a signature, with each kind of one, and with wrong ones."""
    signer, path = target.viewer_signer, target.path(PHOTO)
    if signer is None:
        raise StepError("the stack has no output ViewerKeysSecret")
    name, base, soon = next(iter(target.sizes)), target.images_url, timedelta(minutes=5)
    url, now = keys.variant_url(base, name, path), signer.now()
    look_at = f"{target.commands.fanout('doctor')}: the key group of the distribution's behaviours"
    other = signer.sign_url(f"{url}x", now + soon).partition("?")[2]
    for refused in (url, f"{url}?{other}", signer.sign_url(url, now - soon)):
        api.expect(target.web.visit_unsigned(refused), _REFUSED, look_at)
    api.expect(target.web.visit_unsigned(signer.sign_url(url, now + soon)), 200, look_at)
    folders = [f"{name}/{target.folder}/", f"{name}/{target.folder}/none/"]
    expected = 200
    for folder in signer.sign_folders(base, folders, now + soon):
        cookie = "; ".join(f"{key}={value}" for key, value in folder.cookies.items())
        api.expect(target.web.visit_unsigned(url, Cookie=cookie), expected, look_at)
        expected = _REFUSED
    return f"{name}: by URL and by cookies, and not without"


def on_demand(target: Target) -> str:
    """Deletes a variant and requests it: the stage must render and store it again."""
    path = api.upload(target, UNSEEN, make_photo(RED, target.content_type))
    name = next(reversed(target.sizes))
    (variant, *_) = api.wait_until_ready(target, path)[name].variants
    bucket, key = target.bucket("Images"), keys.variant_key(name, path)
    objects.delete_object(target.s3, bucket, key)
    check_picture(target, target.sizes[name], variant, RED)
    if objects.head(target.s3, bucket, key) is None:
        raise StepError(f"{key} was made and not stored", target.logs_of("on-demand"))
    return f"{name} of {UNSEEN}"


def why_not_on_demand(target: Target) -> str:
    """Returns why missing variants are not rendered on demand, or ""."""
    return "" if {"declared", "website"} & target.features else "on_demand: declared"


def render(target: Target) -> str:
    """Renders a photo by POST /render, which stores nothing."""
    name = next(iter(target.sizes))
    (variant, *_) = api.get_status(target, target.path(PHOTO)).sizes[name].variants
    headers = {"Content-Type": target.content_type}
    photo = make_photo(RED, target.content_type)
    response = target.web.call("POST", f"/render?size={name}", headers=headers, data=photo)
    api.expect(response, 200, target.logs_of("render"))
    image = read_picture(response.content)
    if f"{image.width}x{image.height}" != variant.pixels or not has_colour(image, RED):
        raise StepError(
            f"POST /render?size={name}: {image.width}x{image.height} pixels, a worker makes "
            f"{variant.pixels}",
            target.logs_of("render"),
        )
    return f"{name}: {len(response.content):,} bytes"
