"""A browser as far as responsive images go: it parses HTML and srcset, and chooses a candidate.

The algorithms are those of the HTML standard ("Parsing a srcset attribute", "select an image
source"), which leaves the choice among the candidates to the browser: this one takes the smallest
that is dense enough.
"""

import re
from html.parser import HTMLParser
from typing import NamedTuple

# Longest first, so that a type of a `<source>` is chosen in their order of appearance alone.
_MEDIA = re.compile(r"\(max-width:\s*(\d+)px\)\s+(\S+)")
_SPACE = " \t\n\f\r"


class Window(NamedTuple):
    """A browser's window: its width in CSS pixels, its density, and what it can show."""

    width: int
    dpr: float = 1
    types: tuple[str, ...] = ("image/avif", "image/webp")


class Markup(HTMLParser):
    """The elements of a text: each tag, and its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of each element of a tag."""
        return [
            {name: value or "" for name, value in attributes.items()}
            for found, attributes in self.elements
            if found == tag
        ]

    def one(self, tag: str) -> dict[str, str]:
        (attributes,) = self.all(tag)
        return attributes


def parse_srcset(text: str) -> list[tuple[str, int]]:
    """The URL and the width of each candidate, as the standard reads them."""
    candidates = []
    while text := text.lstrip(_SPACE + ","):
        url, text = _cut(text)
        if url.endswith(","):
            candidates.append((url.rstrip(","), 0))
            continue
        descriptor, _, text = text.partition(",")
        candidates.append((url, int(descriptor.strip(_SPACE).removesuffix("w") or 0)))
    return candidates


def _cut(text: str) -> tuple[str, str]:
    """What comes before the first white space, and what comes after it."""
    url = re.split(f"[{_SPACE}]", text, maxsplit=1)
    return url[0], (url[1] if len(url) > 1 else "")


def shown_width(sizes: str, window: Window) -> float:
    """The width, in CSS pixels, that `sizes` gives; `auto` is for what the layout says."""
    for each in sizes.split(","):
        media = _MEDIA.fullmatch(each.strip())
        if media and window.width <= int(media[1]):
            return _length(media[2], window)
        if not media and each.strip() != "auto":
            return _length(each.strip(), window)
    return window.width


def _length(text: str, window: Window) -> float:
    if text.endswith("vw"):
        return float(text.removesuffix("vw")) * window.width / 100
    return float(text.removesuffix("px"))


def chosen(html: str, window: Window) -> tuple[str, int]:
    """The URL that a browser loads, and the width that the markup gives for it."""
    markup = Markup(html)
    images = [each for each in markup.all("source") if each["type"] in window.types]
    attributes = [*images, markup.one("img")][0]
    needed = shown_width(attributes["sizes"], window) * window.dpr
    candidates = sorted(parse_srcset(attributes["srcset"]), key=lambda each: each[1])
    return next((each for each in candidates if each[1] >= needed), candidates[-1])
