"""Issues upload tickets (presigned forms for one file each), and accepts photos to be fetched."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from pydantic import BaseModel

from lib import keys, upload_paths
from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.concurrency import map_concurrently
from lib.errors import ProblemKind, RequestError
from lib.fetching.jobs import FetchJobQueue
from lib.keys import Originals
from lib.pipeline.focus import focus_metadata
from lib.pipeline.metadata_keys import FOCUS
from lib.pipeline.sources import is_of
from lib.times import Timestamp
from lib.upload_types import explain_rejection
from lib.uploads.placeholders import Placeholder, read_placeholder
from lib.uploads.requests import FetchRequest, TicketRequest
from lib.uploads.response_limit import require_returnable
from lib.uploads.viewer_urls import make_url_signer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lib.auth.viewer_signatures import ViewerSigner
    from lib.sizes import Size

# Long enough for a slow phone, short enough that a leaked ticket is worth little.
TICKET_SECONDS = 15 * 60
# 128 bits: a stranger cannot guess where a private upload went.
FOLDER_BYTES = 16
# Enough for callers with many photos; each costs a HEAD request to S3.
MAX_TICKETS = 100
# Concurrent HEAD requests for them: 100 one after the other take seconds.
_MAX_WORKERS = 8


class Ticket(BaseModel):
    """Upload ticket: POST `fields`, then the file, to `url`.

    `variants` are URLs by size, of those sizes that are made of photos at this path.
    """

    path: str
    key: str
    url: str
    fields: dict[str, str]
    expires_at: Timestamp
    variants: dict[str, str]


class StoredPhoto(BaseModel):
    """A photo that is stored at `path` with the same bytes already.

    By size, `variants` are URLs, and `placeholders` what pages can show until a variant is loaded:
    of sizes with `placeholder: true`, once they are rendered.
    """

    path: str
    key: str
    variants: dict[str, str]
    placeholders: dict[str, Placeholder] = {}


class FetchAccepted(BaseModel):
    """A photo that will be fetched into `path`; `variants` are URLs by size."""

    path: str
    key: str
    variants: dict[str, str]


@dataclass(frozen=True)
class UploadTickets:
    """Issues the tickets of one stack, and submits its fetch jobs.

    Without a `signer`, everyone sees variants.
    `images_bucket` is needed if a size has placeholders.
    """

    s3: S3Client
    fetch_queue: FetchJobQueue
    originals: Originals
    images_url: str
    sizes: "Sequence[Size]"
    content_types: list[str]
    max_bytes: int
    signer: "ViewerSigner | None" = None
    images_bucket: str = ""

    def issue(self, request: TicketRequest) -> Ticket | StoredPhoto:
        """Returns a ticket for one file, or the photo if it is stored with the same bytes.

        Raises RequestError if the file or its path is not allowed.
        """
        self._check_limits(request)
        path = request.path or _in_fresh_folder(str(request.filename))
        variants = self._prepare_path(path, request.signed)
        key = self.originals.key(path)
        if request.path and (request.sha256 or not request.overwrite):
            stored = objects.head(self.s3, self.originals.bucket, key)
            if stored and self._has_same_bytes(key, stored.length, request):
                if not _changes_focus(request, stored):
                    placeholders = self._read_placeholders(path, stored)
                    return StoredPhoto(
                        path=path, key=key, variants=variants, placeholders=placeholders
                    )
            elif stored and not request.overwrite:
                raise upload_paths.make_taken_error(path)
        form = objects.sign_upload(
            self.s3,
            self.originals.bucket,
            key,
            content_type=request.content_type,
            max_bytes=request.bytes,
            seconds=TICKET_SECONDS,
            sha256=request.sha256,
            metadata=focus_metadata(request.focus),
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

    def issue_all(self, requests: list[TicketRequest]) -> list[Ticket | StoredPhoto | RequestError]:
        """Returns what `issue` returns or raises for each file, in their order.

        Raises RequestError if all tickets together exceed what Lambda can return.
        """

        def try_one(request: TicketRequest) -> Ticket | StoredPhoto | RequestError:
            try:
                return self.issue(request)
            except RequestError as error:
                return error

        results = list(map_concurrently(requests, try_one, max_workers=_MAX_WORKERS))
        require_returnable(
            [_count_characters(result) for result in results],
            f"uploads: {len(results)} tickets for paths as long as these have",
            "request",
        )
        return results

    def fetch(self, request: FetchRequest) -> FetchAccepted:
        """Submits a fetch job; RequestError if the URL or the path is not allowed."""
        url = self.fetch_queue.check_url(request.url)
        path = request.path or _in_fresh_folder(url.filename or "photo")
        variants = self._prepare_path(path, request.signed)
        if request.path and not request.overwrite:
            upload_paths.require_free(self.s3, self.originals, path)
        self.fetch_queue.submit(path, request.url, overwrite=request.overwrite, focus=request.focus)
        return FetchAccepted(path=path, key=self.originals.key(path), variants=variants)

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
                f"content_type: {explain_rejection(request.content_type, self.content_types)}",
            )

    def _has_same_bytes(self, key: str, length: int, request: TicketRequest) -> bool:
        """Returns whether an original has these bytes; reads it only if its length is equal."""
        return (
            request.sha256 is not None
            and length == request.bytes
            and objects.has_sha256(self.s3, self.originals.bucket, key, request.sha256)
        )

    def _read_placeholders(
        self, path: str, original: objects.StoredObject
    ) -> dict[str, Placeholder]:
        """Returns the placeholders of the variants made from the original."""
        found = dict[str, Placeholder]()
        for size in self.sizes:
            if not (size.placeholder and size.applies_to(path)):
                continue
            variant = objects.head(self.s3, self.images_bucket, keys.variant_key(size.name, path))
            if variant and is_of(variant, original, has_focus=size.has_focus):
                placeholder = read_placeholder(variant)
                found |= {size.name: placeholder} if placeholder else {}
        return found

    def _prepare_path(self, path: str, signed: int | None) -> dict[str, str]:
        """Checks an upload's path and returns the variants' URLs by size, signed if asked for."""
        sizes = [size for size in self.sizes if size.applies_to(path)]
        folders = chain.from_iterable(size.folders for size in sizes)
        upload_paths.require_valid(path, self.originals, folders)
        sign = make_url_signer(self.signer, signed)
        return {
            each.name: sign(keys.variant_url(self.images_url, each.name, path)) for each in sizes
        }


def _changes_focus(request: TicketRequest, stored: objects.StoredObject) -> bool:
    given = focus_metadata(request.focus).get(FOCUS)
    return given is not None and given != stored.metadata.get(FOCUS)


def _count_characters(result: Ticket | StoredPhoto | RequestError) -> int:
    """Returns the length of the texts that make up nearly all of a result."""
    if isinstance(result, RequestError):
        return len(str(result))
    fields = result.fields.values() if isinstance(result, Ticket) else ()
    return sum(map(len, chain(result.variants.values(), fields)))


def _in_fresh_folder(filename: str) -> str:
    """Returns a path of a new folder nobody can guess and the file's name without its folders."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return f"{secrets.token_hex(FOLDER_BYTES)}/{name}"
