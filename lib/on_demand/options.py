"""Processing options: `w=640,h=360,fit=cover,format=webp,quality=80,expires=1790000000`.

The text is parsed before its signature is checked; its limits are checked after.
"""

import re
from typing import NamedTuple

from pydantic import ValidationError

from lib.errors import ProblemKind, RequestError
from lib.sizes import Size
from lib.sizes.size import ONE_CPU_MEMORY

# MB of the function that renders: one vCPU, since it serves one request at a time.
MEMORY = ONE_CPU_MEMORY
# The size's name in errors and in the recipe; there is no folder of this name.
_NAME = "signed"
# Each option's key, and the size's field.
_OF_SIZE = {"w": "width", "h": "height", "fit": "fit", "format": "format", "quality": "quality"}
_KEYS = {each: key for key, each in _OF_SIZE.items()}
_NUMBERS = ("w", "h", "quality", "expires")
_EXPIRES = "expires"
# Only characters that no URL escapes, so that the options have one spelling.
_PAIR = re.compile(r"[a-z]+=[a-z0-9]+")
# Twelve digits are enough for any second to come, and int() has little work with them.
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,11})")


class ProcessingOptions(NamedTuple):
    """The options' values by key, and their expiry (Unix seconds; None: never)."""

    values: dict[str, str]
    expires: int | None

    def size(self, memory: int) -> Size:
        """Builds the size to render; raises RequestError (422) beyond the limits of `memory` MB."""
        given: dict[str, str | int] = {
            _OF_SIZE[key]: int(text) if key in _NUMBERS else text
            for key, text in self.values.items()
        }
        try:
            return Size.model_validate({"name": _NAME, "memory": memory, **given})
        except ValidationError as error:
            raise RequestError(422, ProblemKind.INVALID_REQUEST, _describe(error)) from error


def parse_options(text: str) -> ProcessingOptions:
    """Parses options; raises RequestError (400) if the text is malformed."""
    values: dict[str, str] = {}
    for pair in text.split(","):
        if not _PAIR.fullmatch(pair):
            raise _malformed(
                f"options: {pair!r} is no option: write key=value,key=value as in w=640,h=360"
            )
        key, _, value = pair.partition("=")
        if key not in (*_OF_SIZE, _EXPIRES):
            raise _malformed(
                f"{key}: no such option: there are {', '.join(_OF_SIZE)} and {_EXPIRES}"
            )
        if key in values:
            raise _malformed(f"{key}: given twice: give it once")
        if key in _NUMBERS and not _NUMBER.fullmatch(value):
            raise _malformed(f"{key}: must be a whole number of at most 12 digits, got {value!r}")
        values[key] = value
    expires = values.pop(_EXPIRES, None)
    return ProcessingOptions(values, None if expires is None else int(expires))


def _malformed(why: str) -> RequestError:
    return RequestError(400, ProblemKind.INVALID_REQUEST, why)


def _describe(error: ValidationError) -> str:
    """Describes each error by its option; an error about several names them itself."""
    lines = []
    for mistake in error.errors():
        message = mistake["msg"].removeprefix("Value error, ")
        field = str(mistake["loc"][0]) if mistake["loc"] else ""
        lines.append(f"{_KEYS[field]}: {message}, got {mistake['input']!r}" if field else message)
    return "; ".join(lines)
