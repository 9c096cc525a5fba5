"""Uploads: leave to put one file under one key, or an order to fetch one; and where its variants
will be."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from pydantic import BaseModel

from lib import keys, upload_paths
from lib.aws import s3 as objects
from lib.concurrency import map_concurrently
from lib.errors import ProblemKind, RequestError
from lib.fetching.jobs import FetchJobQueue
from lib.uploads.requests import FetchRequest, TicketRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# How long a ticket can be used. Long enough for a slow phone, short enough that a leaked ticket
# is worth little.
TICKET_SECONDS = 15 * 60
# 128 bits: a stranger cannot guess where a private upload went.
FOLDER_BYTES = 16


# A caller that comes with a shop's whole catalogue; each path of its own costs a look into S3.
MAX_TICKETS = 100
# Lambda returns 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
# A sixth is left for names and quotes.
MAX_ANSWER = 5_000_000
# Looks at S3 that are under way at once for them: 100 one after the other take seconds.
_ABREAST = 8


class Ticket(BaseModel):
    """Leave to upload: post `fields`, then the file, to `url`; `variants` are URLs by size."""

    path: str
    key: str
    url: str
    fields: dict[str, str]
    expires_at: datetime
    variants: dict[str, str]


class FetchAccepted(BaseModel):
    """A photo that will be fetched into `path`; `variants` are URLs by size."""

    path: str
    key: str
    variants: dict[str, str]


@dataclass(frozen=True)
class UploadTickets:
    """Gives out tickets for one stack, and orders.

    `folders` are each size's folders of the images bucket, by the size's name.
    """

    s3: "S3Client"
    fetches: FetchJobQueue
    originals_bucket: str
    images_url: str
    folders: Mapping[str, Sequence[str]]
    content_types: list[str]
    max_bytes: int

    def issue(self, request: TicketRequest) -> Ticket:
        """A ticket for the file that is asked for; RequestError where there cannot be one."""
        self._check_limits(request)
        path = request.path or _in_fresh_folder(str(request.filename))
        variants = self._variant_urls(path)
        if request.path and not request.overwrite:
            upload_paths.require_free(self.s3, self.originals_bucket, path)
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

    def issue_all(self, requests: list[TicketRequest]) -> list[Ticket | RequestError]:
        """A ticket for each file, in their order, or why there cannot be one.

        RequestError where all of them together are more than one answer holds.
        """

        def try_one(request: TicketRequest) -> Ticket | RequestError:
            try:
                return self.issue(request)
            except RequestError as error:
                return error

        answers = list(map_concurrently(requests, try_one, max_workers=_ABREAST))
        _check_answer(answers)
        return answers

    def fetch(self, request: FetchRequest) -> FetchAccepted:
        """Order that a photo be fetched; RequestError where it cannot be."""
        url = self.fetches.check_url(request.url)
        path = request.path or _in_fresh_folder(url.filename or "photo")
        variants = self._variant_urls(path)
        if request.path and not request.overwrite:
            upload_paths.require_free(self.s3, self.originals_bucket, path)
        self.fetches.submit(path, request.url, overwrite=request.overwrite)
        return FetchAccepted(path=path, key=keys.original_key(path), variants=variants)

    def _check_limits(self, request: TicketRequest) -> None:
        if request.bytes > self.max_bytes:
            raise RequestError(
                413,
                ProblemKind.TOO_MANY_BYTES,
                f"bytes: {request.bytes:,} is more than the limit of {self.max_bytes:,}",
            )
        if request.content_type not in self.content_types:
            raise RequestError(
                415,
                ProblemKind.UNSUPPORTED_TYPE,
                f"content_type: {request.content_type!r} is not one of "
                f"{', '.join(self.content_types)}",
            )

    def _variant_urls(self, path: str) -> dict[str, str]:
        upload_paths.require_valid(path, chain.from_iterable(self.folders.values()))
        return {name: keys.variant_url(self.images_url, name, path) for name in self.folders}


def _check_answer(answers: list[Ticket | RequestError]) -> None:
    characters = sum(
        len(text)
        for answer in answers
        if isinstance(answer, Ticket)
        for text in chain(answer.variants.values(), answer.fields.values())
    )
    if characters > MAX_ANSWER:
        fewer = len(answers) * MAX_ANSWER // characters
        raise RequestError(
            413,
            ProblemKind.TOO_MANY_BYTES,
            f"uploads: {len(answers)} tickets for paths as long as these have {characters:,} "
            f"characters, and an answer may have {MAX_ANSWER:,}: ask for {fewer} at once",
        )


def _in_fresh_folder(filename: str) -> str:
    """A new folder nobody can guess, and the file's own name without its folders."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return f"{secrets.token_hex(FOLDER_BYTES)}/{name}"
