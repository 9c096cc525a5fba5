"""Builds what a web page needs to show a photo, from the photo's status alone."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel

from lib.sizes import have_same_ratio
from lib.uploads.placeholders import Placeholder
from lib.uploads.status import PhotoStatus, Status, VariantFacts

# Every browser shows these, so they are one list of candidates for `<img>`.
_UNIVERSAL = ("image/jpeg", "image/png", "image/gif")
# The others, the most compact first. If a photo has none of the above, `<img>` gets the last one.
_COMPACT = ("image/avif", "image/webp")

# Why a size is not on the page: its state, or the reason that its variants do not suit. A photo has
# no status at an `excluded` size.
LeftOut = Literal[
    "gone", "pending", "failed", "excluded", "ratio", "same_width", "format", "no_pixels"
]
# Reasons that end when the photo is rendered at the size.
NOT_READY = ("pending", "failed")


class ImageSource(BaseModel, frozen=True):
    """Attributes of a `<source>`: a format, and its candidates."""

    type: str
    srcset: str


class PageImage(BaseModel, frozen=True):
    """Attributes of an `<img>` that shows a photo, and the sources of its `<picture>`.

    `width` and `height` are the pixels of `src`, the widest candidate. All candidates show the
    same picture, `placeholder` too. `left_out` has the reason for each size that is no candidate.
    """

    src: str
    srcset: str
    sizes: str
    width: int
    height: int
    sources: list[ImageSource] = []
    placeholder: Placeholder | None = None
    left_out: dict[str, LeftOut] = {}


class PhotoPage(PhotoStatus):
    """A photo at each size; `page` is what a page needs to show it, null until a size is ready."""

    page: PageImage | None = None


class _Candidate(NamedTuple):
    size: str
    pixels: tuple[int, int]
    variants: Sequence[VariantFacts]

    @property
    def width(self) -> int:
        return self.pixels[0]


# A variant whose metadata somebody has replaced has none.
_PIXELS = re.compile(r"([1-9][0-9]*)x([1-9][0-9]*)")
# By width: the size and the variant.
_Candidates = dict[int, tuple[_Candidate, VariantFacts]]


def build_page_image(
    status: Status, names: Sequence[str] = (), *, serves_formats: bool
) -> PageImage | None:
    """Returns what shows the photo at these sizes, or at all; None if none of them is ready.

    The candidates are the widest variant, or the first one of its width, and those with its ratio,
    to a pixel. With `serves_formats`, a size's own URL returns all of its formats, so there are no
    sources.
    """
    chosen = list(names or status)
    ready = [
        _Candidate(name, pixels, status[name].variants[: 1 if serves_formats else None])
        for name in chosen
        if (pixels := _find_pixels(status, name))
    ]
    widest = max(ready, key=lambda each: each.width, default=None)
    alike = [each for each in ready if widest and have_same_ratio(each.pixels, widest.pixels)]
    fallback, sources = _split_by_format(alike)
    if not fallback:
        return None
    largest, variant = fallback[max(fallback)]
    width, height = largest.pixels
    used = {each.size for group in (fallback, *sources.values()) for each, _ in group.values()}
    alike_widths = {each.size: each.width for each in alike}
    return PageImage(
        src=_encode(variant.url),
        srcset=_srcset(fallback),
        sizes=f"auto, (max-width: {width}px) 100vw, {width}px",
        width=width,
        height=height,
        sources=[ImageSource(type=type_, srcset=_srcset(each)) for type_, each in sources.items()],
        placeholder=next(
            (each.placeholder for size in alike for each in size.variants if each.placeholder), None
        ),
        left_out={
            name: _find_reason(status, name, alike_widths.get(name), fallback)
            for name in chosen
            if name not in used
        },
    )


def _find_pixels(status: Status, name: str) -> tuple[int, int] | None:
    """Returns the width and height at a size; None if they are unknown, or it is not ready."""
    if name not in status or status[name].state != "ready":
        return None
    found = _PIXELS.fullmatch(status[name].variants[0].pixels)
    return (int(found[1]), int(found[2])) if found else None


def _find_reason(status: Status, name: str, width: int | None, fallback: _Candidates) -> LeftOut:
    """Returns why a size is no candidate; its width is None if its ratio is another."""
    if name not in status:
        return "excluded"
    state = status[name].state
    if state != "ready":
        return state
    if _find_pixels(status, name) is None:
        return "no_pixels"
    if width is None:
        return "ratio"
    return "same_width" if width in fallback else "format"


def _split_by_format(alike: Sequence[_Candidate]) -> tuple[_Candidates, dict[str, _Candidates]]:
    """Returns the candidates of `<img>`, and of each format's `<source>`.

    A source has every width that `<img>` has: no browser gets a smaller image for its format.
    """
    universal = _of_types(alike, _UNIVERSAL)
    compact = {type_: _of_types(alike, (type_,)) for type_ in _COMPACT}
    fallback = universal or next(filter(None, reversed(compact.values())), {})
    sources = {
        type_: each
        for type_, each in compact.items()
        if each is not fallback and each.keys() >= fallback.keys()
    }
    return fallback, sources


def _of_types(alike: Iterable[_Candidate], types: Sequence[str]) -> _Candidates:
    """Returns the variants of these types by width, the first one of each width."""
    found: _Candidates = {}
    for candidate in alike:
        for variant in candidate.variants:
            if variant.content_type in types:
                found.setdefault(candidate.width, (candidate, variant))
    return dict(sorted(found.items()))


def _srcset(candidates: _Candidates) -> str:
    return ", ".join(
        f"{_encode(variant.url)} {width}w" for width, (_, variant) in candidates.items()
    )


def _encode(url: str) -> str:
    """Encodes commas: one at the end of a URL in a srcset would be no part of it.

    The query of a signed URL is at its end, and the signature covers the URL as it is.
    """
    return url if "?" in url else url.replace(",", "%2C")
