"""Uploads: leave to put one file under one key, or an order to fetch one; and where its variants
will be."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from lib import keys
from lib.aws import s3 as objects
from lib.errors import PermanentError, RequestError
from lib.fetching.orders import FetchDesk
from lib.fetching.urls import MAX_LENGTH
from lib.merge import worked_on

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# How long a ticket can be used. Long enough for a slow phone, short enough that a leaked ticket
# is worth little.
TICKET_SECONDS = 15 * 60
# 128 bits: a stranger cannot guess where a private upload went.
FOLDER_BYTES = 16


# A caller that comes with a shop's whole catalogue; each path of its own costs a look into S3.
MAX_TICKETS = 100
# Looks at S3 that are under way at once for them: 100 one after the other take seconds.
_ABREAST = 8
Path = Annotated[str, Field(min_length=1, max_length=keys.MAX_KEY_BYTES)]
Filename = Annotated[str, Field(min_length=1, max_length=255)]


class TicketRequest(BaseModel):
    """What a caller wants to upload: under a `path` of its own, or a `filename` in a new folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path | None = None
    filename: Filename | None = None
    content_type: str
    bytes: int = Field(ge=1)
    overwrite: bool = False

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
    overwrite: bool = False


def _kind(request: object) -> str:
    """Tells pydantic which of the two to check, so that mistakes are told of that one alone."""
    has_url = "url" in request if isinstance(request, dict) else hasattr(request, "url")
    return "(url)" if has_url else "(file)"


UploadRequest = Annotated[
    Annotated[TicketRequest, Tag("(file)")] | Annotated[FetchRequest, Tag("(url)")],
    Discriminator(_kind),
]


class Ticket(BaseModel):
    """Leave to upload: post `fields`, then the file, to `url`; `variants` are URLs by size."""

    path: str
    key: str
    url: str
    fields: dict[str, str]
    expires_at: datetime
    variants: dict[str, str]


class Fetching(BaseModel):
    """A photo that will be fetched into `path`; `variants` are URLs by size."""

    path: str
    key: str
    variants: dict[str, str]


@dataclass(frozen=True)
class UploadDesk:
    """Gives out tickets for one stack, and orders."""

    s3: "S3Client"
    fetches: FetchDesk
    originals_bucket: str
    images_url: str
    size_names: list[str]
    content_types: list[str]
    max_bytes: int

    def ticket(self, request: TicketRequest) -> Ticket:
        """A ticket for the file that is asked for; RequestError where there cannot be one."""
        self._check_limits(request)
        path = request.path or _in_fresh_folder(str(request.filename))
        variants = self._variant_urls(path)
        if request.path and not request.overwrite:
            self._check_free(path)
        key = keys.original_key(path)
        form = objects.sign_upload(
            self.s3,
            self.originals_bucket,
            key,
            content_type=request.content_type,
            max_bytes=request.bytes,
            seconds=TICKET_SECONDS,
        )
        expires_at = datetime.now(UTC) + timedelta(seconds=TICKET_SECONDS)
        return Ticket(
            path=path,
            key=key,
            url=form.url,
            fields=form.fields,
            expires_at=expires_at,
            variants=variants,
        )

    def tickets(self, requests: list[TicketRequest]) -> list[Ticket | RequestError]:
        """A ticket for each file, in their order, or why there cannot be one."""

        def try_one(request: TicketRequest) -> Ticket | RequestError:
            try:
                return self.ticket(request)
            except RequestError as error:
                return error

        return list(worked_on(requests, try_one, abreast=_ABREAST))

    def fetch(self, request: FetchRequest) -> Fetching:
        """Order that a photo be fetched; RequestError where it cannot be."""
        path = request.path or _in_fresh_folder(_last_part(request.url))
        variants = self._variant_urls(path)
        if request.path and not request.overwrite:
            self._check_free(path)
        self.fetches.order(path, request.url, overwrite=request.overwrite)
        return Fetching(path=path, key=keys.original_key(path), variants=variants)

    def _check_limits(self, request: TicketRequest) -> None:
        if request.bytes > self.max_bytes:
            raise RequestError(
                413,
                "too_many_bytes",
                f"bytes: {request.bytes:,} is more than the limit of {self.max_bytes:,}",
            )
        if request.content_type not in self.content_types:
            raise RequestError(
                415,
                "unsupported_type",
                f"content_type: {request.content_type!r} is not one of "
                f"{', '.join(self.content_types)}",
            )

    def _variant_urls(self, path: str) -> dict[str, str]:
        try:
            return {name: keys.variant_url(self.images_url, name, path) for name in self.size_names}
        except PermanentError as error:
            raise RequestError(422, "bad_path", str(error)) from error

    def _check_free(self, path: str) -> None:
        if objects.head(self.s3, self.originals_bucket, keys.original_key(path)) is not None:
            raise RequestError(
                409,
                "path_taken",
                f"there is a photo at {path!r}: ask with overwrite: true to replace it",
            )


def _in_fresh_folder(filename: str) -> str:
    """A new folder nobody can guess, and the file's own name without its folders."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return f"{secrets.token_hex(FOLDER_BYTES)}/{name}"


def _last_part(url: str) -> str:
    """What a browser would call the file of this URL."""
    return unquote(urlsplit(url).path).rpartition("/")[2] or "photo"
