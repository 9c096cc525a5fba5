"""GET /uploads/{path}, POST /uploads/status -> the status of photos at each size."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from pydantic import BaseModel, Field, StrictInt

from handlers.shared.http import (
    PHOTOS,
    RETRY_AFTER,
    PhotoPath,
    PhotoQuery,
    describe_errors,
    handle,
    make_resolver,
    make_router,
)
from handlers.shared.problems import Problem, make_problem
from handlers.shared.requests import get_path
from handlers.shared.settings import CachingSettings, PhotoSettings
from handlers.shared.viewer_signer import make_viewer_signer
from lib.errors import FanoutError, ProblemKind
from lib.keys import MAX_KEY_BYTES
from lib.pipeline.put_options import Acl, PutOptions
from lib.sizes import recipe_id
from lib.sizes.declared import require_declared
from lib.upload_paths import require_printable
from lib.uploads.page import PhotoPage, build_page_image
from lib.uploads.status import (
    MAX_CONNECTIONS,
    MAX_PHOTOS,
    Expected,
    PhotoStatus,
    StatusReader,
)
from lib.uploads.viewer_urls import MAX_SECONDS

router = make_router()


class StatusSettings(PhotoSettings, CachingSettings):
    """Settings of this function."""

    images_bucket: str
    # None if only the CDN reads the images bucket.
    acl: Acl | None = None
    # Whether a size's own URL returns the format that the browser accepts.
    serve_formats: bool = False


# Names of sizes, separated by commas; Powertools splits the values of a list.
PageSizes = Annotated[
    list[str] | None,
    Query(
        description="Names of the sizes that `page` may have, separated by commas; by default all",
    ),
]


class StatusBatch(BaseModel, extra="forbid"):
    """Paths of up to 100 photos."""

    paths: list[Annotated[str, Field(min_length=1, max_length=MAX_KEY_BYTES)]] = Field(
        min_length=1, max_length=MAX_PHOTOS
    )
    # Seconds for which the URLs are signed, on a stage with `viewers: signed`.
    signed: StrictInt | None = Field(None, ge=1, le=MAX_SECONDS)


class StatusItem(BaseModel):
    """Result for one path: the photo's status (200), or this path's problem (422)."""

    status: int
    photo: PhotoStatus | None = None
    problem: Problem | None = None


class StatusAnswer(BaseModel):
    """Results in the order of the paths."""

    uploads: list[StatusItem]


# Rendering takes a second or two once a worker has received the photo.
_RETRY_SECONDS = "1"
_DOCUMENTED: Any = {
    200: {
        "description": "Its state at each size; with Retry-After while one is pending",
        "headers": RETRY_AFTER,
        "content": {"application/json": {"model": PhotoPage}},
    },
}


_Signed = Annotated[
    int | None,
    Query(
        ge=1,
        le=MAX_SECONDS,
        description="Seconds for which the URLs are signed, on a stage with `viewers: signed`",
    ),
]


@router.get(
    "/uploads/<path>",
    tags=[PHOTOS],
    operation_id="getStatus",
    summary="Get the status of a photo at each size",
    responses={**_DOCUMENTED, **describe_errors(404, 422)},
)
def show_status(
    path: PhotoPath,
    sizes: PageSizes = None,
    signed: _Signed = None,
) -> Response[PhotoPage]:
    """Returns the status of the photo at this path."""
    return _get_status(get_path(path), sizes, signed)


@router.get(
    "/uploads",
    tags=[PHOTOS],
    operation_id="getStatusByQuery",
    summary="Get the status of the photo at any path",
    description="API Gateway cuts a path at an escaped `?` or `#`, but not a query.",
    responses={**_DOCUMENTED, **describe_errors(422)},
)
def show_status_by_query(
    path: PhotoQuery,
    sizes: PageSizes = None,
    signed: _Signed = None,
) -> Response[PhotoPage]:
    """Returns the status of the photo at the path in the query."""
    return _get_status(path, sizes, signed)


# The type Example would cost the function its import.
_BATCH_EXAMPLE: Any = {
    "photos": {
        "summary": "Two photos",
        "value": {"paths": ["2026/sea.jpg", "2026/hill.jpg"]},
    }
}


@router.post(
    "/uploads/status",
    tags=[PHOTOS],
    operation_id="getStatuses",
    summary="Get the status of up to 100 photos at once",
    responses={
        200: {
            "description": "For each path the photo's status, or its own problem",
            "headers": RETRY_AFTER,
            "content": {"application/json": {"model": StatusAnswer}},
        },
        **describe_errors(413, 415, 422),
    },
)
def show_statuses(
    batch: Annotated[StatusBatch, Body(openapi_examples=_BATCH_EXAMPLE)],
) -> Response[StatusAnswer]:
    """Returns the status of the photos at these paths."""
    results = _status_reader().get_all(batch.paths, signed=batch.signed)
    photos = [each for each in results if isinstance(each, PhotoStatus)]
    answer = StatusAnswer(uploads=[_make_item(each) for each in results])
    return Response(200, content_types.APPLICATION_JSON, answer, headers=_make_headers(photos))


def _make_item(result: PhotoStatus | FanoutError) -> StatusItem:
    if isinstance(result, PhotoStatus):
        return StatusItem(status=200, photo=result)
    # Nothing else can be wrong with one path alone.
    return StatusItem(status=422, problem=make_problem(422, ProblemKind.BAD_PATH, str(result)))


def _get_status(path: str, sizes: list[str] | None, signed: int | None) -> Response[PhotoPage]:
    require_printable(path)
    declared = [size.name for size in _settings().sizes]
    names = require_declared((n for each in sizes or () for n in each.split(",")), declared)
    photo = _status_reader().get(path, signed=signed)
    page = build_page_image(photo.sizes, names, serves_formats=_settings().serve_formats)
    status = PhotoPage(**dict(photo), page=page)
    return Response(200, content_types.APPLICATION_JSON, status, headers=_make_headers([status]))


def _make_headers(photos: Sequence[PhotoStatus]) -> dict[str, str | list[str]]:
    # A status may change the moment after it was read.
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    states = (each for photo in photos for each in (photo.fetch, *photo.sizes.values()))
    if any(each and each.state == "pending" for each in states):
        headers["Retry-After"] = _RETRY_SECONDS
    return headers


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _settings() -> StatusSettings:
    """Read once per container."""
    return StatusSettings.from_environment()


@lru_cache(maxsize=1)
def _status_reader() -> StatusReader:
    """Built once per container."""
    settings = _settings()
    return StatusReader(
        s3=boto3.client("s3", config=Config(max_pool_connections=MAX_CONNECTIONS)),
        sizes=settings.sizes,
        originals=settings.originals,
        images_bucket=settings.images_bucket,
        failures_bucket=settings.failures_bucket,
        images_url=settings.images_url,
        signer=make_viewer_signer(settings),
        expected={
            size.name: Expected(
                recipe_id(size),
                PutOptions(settings.lifetimes.build_header(size), settings.acl),
            )
            for size in settings.sizes
        },
    )
