"""Writes the HTML that shows a photo."""

import unicodedata
from base64 import b64decode
from collections.abc import Mapping
from html import escape

from lib.uploads.page import PageImage

# Where a ThumbHash says whether the image is transparent.
_ALPHA_BYTE, _ALPHA_BIT = 2, 0x80
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def render_html(
    image: PageImage, *, alt: str = "", sizes: str | None = None, eager: bool = False
) -> str:
    """Returns a `<picture>`, or an `<img>` if there is one format.

    `sizes` says how wide the layout shows the image, in place of its own width. With `eager` it is
    loaded first, for the image that visitors see at the top; otherwise when they scroll near it.
    """
    widths = image.sizes if sizes is None else sizes
    if eager:
        # Browsers take `auto` from images that they load lazily alone.
        widths = widths.removeprefix("auto, ")
    img = _element(
        "img",
        {
            # First: Firefox starts to load at `src`.
            **({"fetchpriority": "high"} if eager else {"loading": "lazy", "decoding": "async"}),
            "sizes": widths,
            "srcset": image.srcset,
            "src": image.src,
            # The browser reserves the space before the image is there.
            "width": str(image.width),
            "height": str(image.height),
            "alt": alt,
            **_placeholder(image),
        },
    )
    if not image.sources:
        return img
    sources = [
        _element("source", {"type": each.type, "sizes": widths, "srcset": each.srcset})
        for each in image.sources
    ]
    return "\n".join(["<picture>", *(f"  {each}" for each in [*sources, img]), "</picture>"])


def _placeholder(image: PageImage) -> dict[str, str]:
    """Returns the attributes that show something before the image is loaded."""
    if image.placeholder is None:
        return {}
    thumbhash, color = image.placeholder.thumbhash, image.placeholder.color
    attributes = {"data-thumbhash": thumbhash}
    # Behind a transparent image, the colour would stay when it is loaded.
    if color and _is_opaque(thumbhash):
        attributes["style"] = f"background-color: {color}"
    return attributes


def _is_opaque(thumbhash: str) -> bool:
    return b64decode(thumbhash)[_ALPHA_BYTE] & _ALPHA_BIT == 0


def _element(name: str, attributes: Mapping[str, str]) -> str:
    written = " ".join(f'{key}="{escape_text(value)}"' for key, value in attributes.items())
    return f"<{name} {written}>"


def escape_text(text: str) -> str:
    """Escapes a text or an attribute's value.

    Invisible characters, which could reorder the markup, are escaped too.
    """
    return "".join(map(_character, escape(text)))


def _character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":  # such as marks that change the direction of text
        return f"&#x{ord(character):X};"
    # HTML has no control characters, and a terminal's argument may have bytes that are not UTF-8.
    return _REPLACEMENT if category in ("Cc", "Cs") and character not in "\t\n\r" else character
