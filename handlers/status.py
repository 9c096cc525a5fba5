"""GET /uploads/{path} -> the photo's status at each size."""

from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.utilities.typing import LambdaContext

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
from handlers.shared.requests import get_path
from handlers.shared.settings import PhotoSettings
from lib.upload_paths import require_printable
from lib.uploads.status import PhotoStatus, StatusReader

router = make_router()


class StatusSettings(PhotoSettings):
    """Settings of this function."""

    images_bucket: str


# Rendering takes a second or two once a worker has received the photo.
_RETRY_SECONDS = "1"
_DOCUMENTED: Any = {
    200: {
        "description": "Its state at each size; with Retry-After while one is pending",
        "headers": RETRY_AFTER,
        "content": {"application/json": {"model": PhotoStatus}},
    },
}


@router.get(
    "/uploads/<path>",
    tags=[PHOTOS],
    operation_id="getStatus",
    summary="Get the status of a photo at each size",
    responses={**_DOCUMENTED, **describe_errors(404, 422)},
)
def show_status(
    path: PhotoPath,
) -> Response[PhotoStatus]:
    """Returns the status of the photo at this path."""
    return _get_status(get_path(path))


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
) -> Response[PhotoStatus]:
    """Returns the status of the photo at the path in the query."""
    return _get_status(path)


def _get_status(path: str) -> Response[PhotoStatus]:
    require_printable(path)
    status = _status_reader().get(path)
    # A status may change the moment after it was read.
    headers = {"Cache-Control": "no-store"}
    if any(each and each.state == "pending" for each in (status.fetch, *status.sizes.values())):
        headers["Retry-After"] = _RETRY_SECONDS
    return Response(200, content_types.APPLICATION_JSON, status, headers=headers)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _status_reader() -> StatusReader:
    """Built once per container."""
    settings = StatusSettings.from_environment()
    return StatusReader(
        s3=boto3.client("s3"),
        sizes=settings.sizes,
        originals=settings.originals,
        images_bucket=settings.images_bucket,
        failures_bucket=settings.failures_bucket,
        images_url=settings.images_url,
    )
