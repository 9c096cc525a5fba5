"""Says why a content type is not accepted, the same for every way to upload."""

from collections.abc import Sequence
from difflib import get_close_matches

# Characters; no real type is longer.
_MAX_SHOWN = 60
# What programs send for a file whose name does not tell its type.
UNKNOWN_TYPES = ("", "application/octet-stream", "binary/octet-stream")
# What files of these types are, and what to do with them. The key is a type, or all before its "/".
_OTHERS = {
    "image/svg+xml": "an SVG drawing, which is not rendered: export it as an image",
    "image/vnd.adobe.photoshop": "a Photoshop document, which is not rendered: export it",
    "application/pdf": "a PDF document, which is not rendered: export the page as an image",
    "application/zip": "an archive: unpack it and upload each photo",
    "text/html": "a web page: upload the photo itself",
    "video": "a video: take a still from it",
}


def explain_rejection(content_type: str, accepted: Sequence[str]) -> str:
    """Says what is wrong with a content type that is not accepted, and which ones are."""
    why = _explain(content_type[:_MAX_SHOWN], accepted)
    return f"{why} Accepted are {', '.join(accepted)}"


def _explain(content_type: str, accepted: Sequence[str]) -> str:
    type_ = content_type.partition(";")[0].strip().lower()
    if type_ in UNKNOWN_TYPES:
        return f"{content_type!r} does not tell the file's format: give the type of its bytes."
    other = _OTHERS.get(type_) or _OTHERS.get(type_.partition("/")[0])
    if other:
        return f"{content_type!r} is {other}."
    near = get_close_matches(type_, accepted, n=1, cutoff=0.8)
    hint = f": did you mean {near[0]}?" if near else "."
    return f"{content_type!r} is not accepted{hint}"
