"""Steps that every stage must pass: upload, render, overwrite, delete."""

from urllib.parse import quote

from lib import keys
from lib.aws import s3 as objects
from lib.errors import StepError
from lib.operations.verify import api
from lib.operations.verify.photos import BLUE, FETCHED, ODD_NAME, PHOTO, RED, make_photo
from lib.operations.verify.pictures import check_picture, wait_until_not_shown, wait_until_shown
from lib.operations.verify.target import Target
from lib.plurals import pluralize

_REFUSED = (401, 403)
_TAKEN, _ACCEPTED = 409, 202
_ABSENT = (403, 404)


def ticket(target: Target) -> str:
    """Requests an upload ticket, also without credentials."""
    length = len(make_photo(RED, target.content_type))
    if target.stack.outputs["Auth"] != "none":
        response = target.web.call("POST", "/uploads", authorized=False, json={})
        if response.status_code not in _REFUSED:
            raise StepError(
                f"POST /uploads without credentials: {response.status_code} in place of 401 or "
                "403: anybody may upload",
                "the API's authorizer",
            )
    upload_ticket = api.get_ticket(target, PHOTO, length)
    path = target.path(PHOTO)
    expected = [name for name, size in target.deployed.items() if size.applies_to(path)]
    if set(upload_ticket["variants"]) != set(expected):
        raise StepError(
            f"the ticket names the sizes {', '.join(upload_ticket['variants'])}; deployed for "
            f"photos at {path} are {', '.join(expected)}",
            target.commands.deploy,
        )
    return f"for {pluralize(len(upload_ticket['variants']), 'size')}"


def upload(target: Target) -> str:
    """Uploads a photo, and checks that the original is private."""
    photo = make_photo(RED, target.content_type)
    upload_ticket = api.get_ticket(target, PHOTO, len(photo))
    api.post(target, upload_ticket, photo)
    key = quote(upload_ticket["key"])
    for url in (f"{upload_ticket['url'].rstrip('/')}/{key}", f"{target.images_url}/{key}"):
        if target.web.visit(url).ok:
            raise StepError(f"{url}: anybody can read the original")
    return f"{len(photo):,} bytes"


def sizes(target: Target) -> str:
    """Waits until every size is ready."""
    ready = api.wait_until_ready(target, target.path(PHOTO))
    variants = sum(len(each.variants) for each in ready.values())
    return f"{pluralize(len(ready), 'size')}, {pluralize(variants, 'picture')}"


def pictures(target: Target) -> str:
    """Checks every image."""
    return _check_all(target, target.path(PHOTO), RED)


def paths(target: Target) -> str:
    """Requests the photo at sizes that are not made of it: there must be no picture."""
    path, others = target.path(PHOTO), _find_others(target)
    for name in others:
        response = target.web.visit(keys.variant_url(target.images_url, name, path))
        if response.status_code not in _ABSENT:
            raise StepError(
                f"{response.url}: {response.status_code} in place of 404: {name} is not made of "
                "photos at this path",
                target.logs_of(f"resize-{name}"),
            )
    return f"no {', no '.join(others)}"


def why_no_paths(target: Target) -> str:
    """Returns why no size leaves the photo out, or ""."""
    return "" if _find_others(target) else "paths: every size is made of these photos"


def _find_others(target: Target) -> list[str]:
    path = target.path(PHOTO)
    return [name for name, size in target.deployed.items() if not size.applies_to(path)]


def odd_name(target: Target) -> str:
    """Uploads a photo whose name has several encodings, and checks its images."""
    path = api.upload(target, ODD_NAME, make_photo(RED, target.content_type))
    api.wait_until_ready(target, path)
    return f"{ODD_NAME}: {_check_all(target, path, RED, in_other_spelling=True)}"


def _check_all(target: Target, path: str, colour: int, *, in_other_spelling: bool = False) -> str:
    status, count = api.get_status(target, path).sizes, 0
    for name, size in target.sizes.items():
        for folder, variant in zip(size.folders, status[name].variants, strict=True):
            check_picture(target, size, variant, colour)
            if in_other_spelling:
                url = f"{target.images_url}/{quote(keys.variant_key(folder, path))}"
                check_picture(target, size, variant, colour, url)
            count += 1
    return pluralize(count, "picture")


def fetched(target: Target) -> str:
    """Submits a fetch of one of the stage's own images."""
    name = _fetchable(target)[0]
    url = api.get_status(target, target.path(PHOTO)).sizes[name].variants[0].url
    path = target.path(FETCHED)
    response = target.web.call("POST", "/uploads", json={"url": target.web.sign(url), "path": path})
    api.expect(response, _ACCEPTED, target.logs_of("uploads"))
    api.wait_until_ready(target, path)
    return f"from {url}"


def why_no_fetch(target: Target) -> str:
    """Returns why none of the stage's own images can be fetched, or ""."""
    return "" if _fetchable(target) else "upload_types: they leave out what the sizes are made as"


def _fetchable(target: Target) -> list[str]:
    return [
        name
        for name, size in target.sizes.items()
        if size.format == "keep" or f"image/{size.format}" in target.upload_types
    ]


def overwrite(target: Target) -> str:
    """Overwrites the photo, which must fail without `overwrite`."""
    photo = make_photo(BLUE, target.content_type)
    refused = api.ask_for_ticket(target, PHOTO, len(photo))
    api.expect(refused, _TAKEN, target.logs_of("uploads"))
    path = api.upload(target, PHOTO, photo, overwrite=True)
    ready = api.wait_until_ready(target, path)
    return f"{pluralize(len(ready), 'size')} anew"


def deletion(target: Target) -> str:
    """Deletes the other photo, and waits until its variants are gone."""
    path = target.path(ODD_NAME)
    api.delete(target, path)
    left: list[str] = []

    def poll() -> bool | None:
        left[:] = [
            f"{folder}/{path}"
            for folder in target.folders
            if objects.head(target.s3, target.bucket("Images"), keys.variant_key(folder, path))
        ]
        return None if left else True

    target.poller.wait(
        poll,
        lambda: f"the variants of a deleted photo are gone: {left[0]} is there",
        target.commands.fanout("doctor"),
    )
    status = api.get_status(target, path).sizes
    if any(each.state != "gone" for each in status.values()):
        raise StepError(f"status of the deleted {path}: {status}", target.logs_of("status"))
    return f"{pluralize(len(target.folders), 'variant')} gone"


def purge(target: Target) -> str:
    """Waits until visitors get the new photo, and nothing of the deleted one."""
    new = wait_until_shown(target, target.path(PHOTO), BLUE)
    gone = wait_until_not_shown(target, target.path(ODD_NAME))
    return f"{pluralize(new, 'picture')} of the new photo, {gone} gone"


def why_no_purge(target: Target) -> str:
    """Returns why the CDN is not invalidated, or ""."""
    is_off = target.has_cdn and "purge" not in target.features
    return "purge: copies are shown until their time is over" if is_off else ""
