"""Models of the upload API's request bodies; its OpenAPI document is generated from them."""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    StrictBool,
    Tag,
    model_validator,
)

from lib import keys
from lib.fetching.urls import MAX_LENGTH
from lib.pipeline.focus import FocalPoint
from lib.uploads.viewer_urls import MAX_SECONDS

Path = Annotated[str, Field(min_length=1, max_length=keys.MAX_KEY_BYTES)]
Filename = Annotated[str, Field(min_length=1, max_length=255)]
# In hexadecimal, as sha256sum prints it.
Sha256 = Annotated[str, Field(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$")]


def _number(value: object) -> object:
    """Rejects "7" and true, which pydantic would convert; takes 7.0, which some programs write."""
    if isinstance(value, str | bool):
        raise ValueError("must be a number")
    return value


def _length(value: object) -> object:
    if _number(value) == 0:
        raise ValueError("0: an empty file is not rendered: upload one with content")
    return value


# Seconds for which the URLs of a photo's variants are signed, on a stage with viewers: signed.
SignedSeconds = Annotated[int, Field(ge=1, le=MAX_SECONDS), BeforeValidator(_number)]

# `_has_one_name` as JSON Schema, for the API's document.
_ONE_NAME: Any = {
    "oneOf": [
        {
            "required": [name],
            "properties": {name: {"type": "string"}, other: {"type": "null"}},
        }
        for name, other in (("path", "filename"), ("filename", "path"))
    ]
}


class TicketRequest(BaseModel, frozen=True, extra="forbid", json_schema_extra=_ONE_NAME):
    """Request to upload a file to `path`, or under its `filename` to a new folder.

    With `sha256`, a file that is stored at `path` already needs no upload, and S3 accepts no other
    bytes. `focus` is the photo's focal point: shares of its width and height.
    """

    path: Path | None = None
    filename: Filename | None = None
    content_type: str
    bytes: Annotated[int, BeforeValidator(_length)] = Field(ge=1)
    sha256: Sha256 | None = None
    overwrite: StrictBool = False
    signed: SignedSeconds | None = None
    focus: FocalPoint | None = None

    @model_validator(mode="after")
    def _has_one_name(self) -> "TicketRequest":
        if (self.path is None) == (self.filename is None):
            raise ValueError("give either path or filename")
        return self


class FetchRequest(BaseModel, frozen=True, extra="forbid"):
    """Request to fetch a photo; without a `path`, to a new folder under the URL's file name.

    `focus` is the photo's focal point: shares of its width and height.
    """

    url: str = Field(min_length=1, max_length=MAX_LENGTH)
    path: Path | None = None
    overwrite: StrictBool = False
    signed: SignedSeconds | None = None
    focus: FocalPoint | None = None


def _kind(request: object) -> str:
    """Returns the tag of the model to validate, so that errors are about that model alone."""
    has_url = "url" in request if isinstance(request, dict) else hasattr(request, "url")
    return "(url)" if has_url else "(file)"


UploadRequest = Annotated[
    Annotated[TicketRequest, Tag("(file)")] | Annotated[FetchRequest, Tag("(url)")],
    Discriminator(_kind),
]
