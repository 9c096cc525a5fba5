"""Sizes that the console's playground makes up: the fields of sizes.yml, as JSON."""

import json

from pydantic import ValidationError

from lib.errors import ProblemKind, RequestError
from lib.on_demand.options import MEMORY
from lib.sizes import Size

# What decides a rendition's pixels and bytes; memory and cache lifetimes are the stage's.
FIELDS = ("width", "height", "fit", "position", "format", "quality", "background", "enlarge")
_NAME = "by-hand"


def parse_size(text: str) -> Size:
    """Builds the size of a JSON object; raises RequestError (422) that names each mistake."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise _make_error(f"not JSON: {error}") from error
    if not isinstance(given, dict):
        raise _make_error('must be an object such as {"width": 640}')
    if unknown := [name for name in given if name not in FIELDS]:
        raise _make_error(f"{unknown[0]!r} is none of {', '.join(FIELDS)}")
    try:
        return Size.model_validate({**given, "name": _NAME, "memory": MEMORY})
    except ValidationError as error:
        mistakes = [
            ": ".join([*map(str, each["loc"]), each["msg"].removeprefix("Value error, ")])
            for each in error.errors()
        ]
        raise _make_error("; ".join(mistakes)) from error


def _make_error(why: str) -> RequestError:
    return RequestError(422, ProblemKind.INVALID_REQUEST, f"by_hand: {why}")
