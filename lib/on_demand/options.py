"""What a signed URL asks for: `w=640,h=360,fit=cover,format=webp,quality=80,expires=1790000000`.

Read in two steps, because a signature comes between them: what the text says, and whether it can
be had.
"""

import re
from typing import NamedTuple

from pydantic import ValidationError

from lib.errors import ProblemKind, RequestError
from lib.sizes import Size
from lib.sizes.size import ONE_CPU_MEMORY

# MB that the function has which renders: one vCPU, since nobody shares it.
MEMORY = ONE_CPU_MEMORY
# What the errors and the recipe call it: it is no folder.
_NAME = "signed"
# Each key, and what a size calls it.
_OF_SIZE = {"w": "width", "h": "height", "fit": "fit", "format": "format", "quality": "quality"}
_KEYS = {each: key for key, each in _OF_SIZE.items()}
_NUMBERS = ("w", "h", "quality", "expires")
_EXPIRES = "expires"
# Nothing else has to be escaped in a URL, so that it has one spelling.
_PAIR = re.compile(r"[a-z]+=[a-z0-9]+")
# Twelve digits are enough for any second to come, and int() has little work with them.
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,11})")


class ProcessingOptions(NamedTuple):
    """What was asked for, by key, and until when (Unix seconds; None: for ever)."""

    values: dict[str, str]
    expires: int | None

    def size(self, memory: int) -> Size:
        """The size to render; RequestError (422) for more than a function of `memory` MB can do."""
        given: dict[str, str | int] = {
            _OF_SIZE[key]: int(text) if key in _NUMBERS else text
            for key, text in self.values.items()
        }
        try:
            return Size.model_validate({"name": _NAME, "memory": memory, **given})
        except ValidationError as error:
            raise RequestError(422, ProblemKind.INVALID_REQUEST, _told(error)) from error


def parse_options(text: str) -> ProcessingOptions:
    """What the text says; RequestError (400) where it says nothing, or anything in another way."""
    found: dict[str, str] = {}
    for pair in text.split(","):
        if not _PAIR.fullmatch(pair):
            raise _wrong(f"options: {pair!r} is none: write key=value,key=value as in w=640,h=360")
        key, _, value = pair.partition("=")
        if key not in (*_OF_SIZE, _EXPIRES):
            raise _wrong(f"{key}: no such option: there are {', '.join(_OF_SIZE)} and {_EXPIRES}")
        if key in found:
            raise _wrong(f"{key}: given twice: give it once")
        if key in _NUMBERS and not _NUMBER.fullmatch(value):
            raise _wrong(f"{key}: must be a whole number of at most 12 digits, got {value!r}")
        found[key] = value
    expires = found.pop(_EXPIRES, None)
    return ProcessingOptions(found, None if expires is None else int(expires))


def _wrong(why: str) -> RequestError:
    return RequestError(400, ProblemKind.INVALID_REQUEST, why)


def _told(error: ValidationError) -> str:
    """Each mistake by the option that it is about; that of the whole says itself what it means."""
    lines = []
    for mistake in error.errors():
        said = mistake["msg"].removeprefix("Value error, ")
        where = str(mistake["loc"][0]) if mistake["loc"] else ""
        lines.append(f"{_KEYS[where]}: {said}, got {mistake['input']!r}" if where else said)
    return "; ".join(lines)
