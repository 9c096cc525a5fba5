"""POST /uploads, POST /uploads/batch -> upload tickets, or a fetch job."""

from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from pydantic import BaseModel, Field, Json

from handlers.shared.http import UPLOADS, describe_errors, handle, make_resolver, make_router
from handlers.shared.problems import Problem, make_problem
from handlers.shared.settings import PhotoSettings
from handlers.shared.viewer_signer import make_viewer_signer
from lib.errors import RequestError
from lib.fetching.jobs import FetchJobQueue
from lib.uploads.requests import TicketRequest, UploadRequest
from lib.uploads.tickets import MAX_TICKETS, FetchAccepted, StoredPhoto, Ticket, UploadTickets

router = make_router()

_FILE = {"filename": "sea.jpg", "content_type": "image/jpeg", "bytes": 200_000}
# A public photo: one of those of the demo.
_PHOTO_URL = (
    "https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.5.0/sklearn/datasets/images/"
    "china.jpg"
)
# The type Example would cost the function its import.
_EXAMPLES: Any = {
    "file": {"summary": "A ticket for a file, in a new folder", "value": _FILE},
    "path": {
        "summary": "A ticket for a file at a path, taken or free",
        "value": {
            "path": "2026/sea.jpg",
            "content_type": "image/jpeg",
            "bytes": 200_000,
            "overwrite": True,
            "focus": [0.3, 0.4],
        },
    },
    "url": {"summary": "A photo to fetch", "value": {"url": _PHOTO_URL}},
}
_BATCH_EXAMPLE: Any = {
    "files": {
        "summary": "Tickets for two files",
        "value": {"uploads": [_FILE, {**_FILE, "filename": "hill.jpg"}]},
    }
}


class UploadSettings(PhotoSettings):
    """Settings of this function."""

    fetch_queue_url: str
    fetch_loopback: bool
    upload_types: Json[list[str]]
    max_upload_bytes: int = Field(gt=0)
    # Only on a stage with a size that has placeholders.
    images_bucket: str = ""


class Batch(BaseModel, extra="forbid"):
    """Requests for up to 100 tickets."""

    uploads: list[TicketRequest] = Field(min_length=1, max_length=MAX_TICKETS)


class BatchItem(BaseModel):
    """Result of one request: a ticket (201), the stored photo (200), or this request's problem."""

    status: int
    ticket: Ticket | None = None
    stored: StoredPhoto | None = None
    problem: Problem | None = None


class BatchAnswer(BaseModel):
    """Results in the order of the requests."""

    uploads: list[BatchItem]


@router.post(
    "/uploads",
    tags=[UPLOADS],
    operation_id="createUpload",
    summary="Get a ticket to upload a photo, or have a photo fetched",
    description="With `content_type` and `bytes`: 201 and a ticket, a form to post the file with. "
    "It can be used repeatedly until it expires, and replaces a photo that came to its path "
    "meanwhile. To use it, POST its `fields`, then the file as the field `file`, to its `url` as "
    "`multipart/form-data`; the form at the top of `/docs` does all of this. With `sha256` too: "
    "200 if the photo is at `path` with the same bytes already. With `url`: 202, the photo is "
    "fetched in the background.",
    responses={
        200: {
            "description": "The photo is stored already, with the same bytes: nothing to upload",
            "content": {"application/json": {"model": StoredPhoto}},
        },
        201: {"description": "A ticket", "content": {"application/json": {"model": Ticket}}},
        202: {
            "description": "Accepted; the photo is being fetched",
            "content": {"application/json": {"model": FetchAccepted}},
        },
        **describe_errors(409, 413, 415, 422),
    },
)
def create_upload(
    request: Annotated[UploadRequest, Body(openapi_examples=_EXAMPLES)],
) -> Response[Ticket | StoredPhoto | FetchAccepted]:
    """Issues a ticket unless the photo is stored already, or submits a fetch job."""
    if isinstance(request, TicketRequest):
        result = _upload_tickets().issue(request)
        status = 201 if isinstance(result, Ticket) else 200
        return Response(status, content_types.APPLICATION_JSON, result)
    return Response(202, content_types.APPLICATION_JSON, _upload_tickets().fetch(request))


@router.post(
    "/uploads/batch",
    tags=[UPLOADS],
    operation_id="createUploads",
    summary="Get up to 100 tickets at once",
    responses={
        200: {
            "description": "For each request a ticket, the stored photo, or its own problem",
            "content": {"application/json": {"model": BatchAnswer}},
        },
        **describe_errors(413, 415, 422),
    },
)
def create_uploads(batch: Annotated[Batch, Body(openapi_examples=_BATCH_EXAMPLE)]) -> BatchAnswer:
    """Issues tickets."""
    return BatchAnswer(uploads=[_item(each) for each in _upload_tickets().issue_all(batch.uploads)])


def _item(each: Ticket | StoredPhoto | RequestError) -> BatchItem:
    if isinstance(each, Ticket):
        return BatchItem(status=201, ticket=each)
    if isinstance(each, StoredPhoto):
        return BatchItem(status=200, stored=each)
    said = make_problem(each.status, each.kind, str(each))
    return BatchItem(status=each.status, problem=said)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _upload_tickets() -> UploadTickets:
    settings = UploadSettings.from_environment()
    # boto3 signs POST policies with SigV4 only if configured to. Virtual addressing yields the
    # bucket's regional host, which works at once; the global host redirects for hours.
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    s3 = boto3.client("s3", config=config)
    return UploadTickets(
        s3=s3,
        fetch_queue=FetchJobQueue(
            s3=s3,
            sqs=boto3.client("sqs"),
            failures_bucket=settings.failures_bucket,
            queue_url=settings.fetch_queue_url,
            originals=settings.originals,
            allow_loopback=settings.fetch_loopback,
        ),
        originals=settings.originals,
        images_url=settings.images_url,
        sizes=settings.sizes,
        content_types=settings.upload_types,
        max_bytes=settings.max_upload_bytes,
        signer=make_viewer_signer(settings),
        images_bucket=settings.images_bucket,
    )
