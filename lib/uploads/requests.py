"""What callers of the API send to upload a photo, checked before anything is looked at.

The API's document is made of these models: it promises to take what fits them, and nothing else.
"""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    Tag,
    model_validator,
)

from lib import keys
from lib.fetching.urls import MAX_LENGTH

Path = Annotated[str, Field(min_length=1, max_length=keys.MAX_KEY_BYTES)]
Filename = Annotated[str, Field(min_length=1, max_length=255)]


def _number(value: object) -> object:
    """Pydantic takes "7" and true for numbers; 7.0 is one, some programs write them so."""
    if isinstance(value, str | bool):
        raise ValueError("must be a number")
    return value


# `_has_one_name` in the words of JSON Schema, for the API's document.
_ONE_NAME: Any = {
    "oneOf": [
        {
            "required": [given],
            "properties": {given: {"type": "string"}, other: {"type": "null"}},
        }
        for given, other in (("path", "filename"), ("filename", "path"))
    ]
}


class TicketRequest(BaseModel):
    """What a caller wants to upload: under a `path` of its own, or a `filename` in a new folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_ONE_NAME)

    path: Path | None = None
    filename: Filename | None = None
    content_type: str
    bytes: Annotated[int, BeforeValidator(_number)] = Field(ge=1)
    overwrite: StrictBool = False

    @model_validator(mode="after")
    def _has_one_name(self) -> "TicketRequest":
        if (self.path is None) == (self.filename is None):
            raise ValueError("give either path or filename")
        return self


class FetchRequest(BaseModel):
    """What a caller wants fetched: without a `path`, into a new folder under the URL's own name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(min_length=1, max_length=MAX_LENGTH)
    path: Path | None = None
    overwrite: StrictBool = False


def _kind(request: object) -> str:
    """Tells pydantic which of the two to check, so that mistakes are told of that one alone."""
    has_url = "url" in request if isinstance(request, dict) else hasattr(request, "url")
    return "(url)" if has_url else "(file)"


UploadRequest = Annotated[
    Annotated[TicketRequest, Tag("(file)")] | Annotated[FetchRequest, Tag("(url)")],
    Discriminator(_kind),
]
