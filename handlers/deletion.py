"""DELETE /uploads/{path} -> the original is deleted; workers delete its variants."""

from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import (
    PHOTOS,
    PhotoPath,
    PhotoQuery,
    describe_errors,
    handle,
    make_resolver,
    make_router,
)
from handlers.shared.requests import get_path
from handlers.shared.settings import BucketSettings
from lib.upload_paths import require_printable
from lib.uploads.deletion import Deletion

router = make_router()

_DOCUMENTED: Any = {
    204: {
        "description": "Deleted, or there was no such photo; its variants follow within seconds",
        "content": {},
    },
}


@router.delete(
    "/uploads/<path>",
    tags=[PHOTOS],
    operation_id="deletePhoto",
    summary="Delete a photo at every size",
    responses={**_DOCUMENTED, **describe_errors(404, 422)},
)
def delete_photo(
    path: PhotoPath,
) -> Response[str]:
    """Deletes the photo at this path."""
    return _delete(get_path(path))


@router.delete(
    "/uploads",
    tags=[PHOTOS],
    operation_id="deletePhotoByQuery",
    summary="Delete the photo at any path",
    description="API Gateway cuts a path at an escaped `?` or `#`, but not a query.",
    responses={**_DOCUMENTED, **describe_errors(422)},
)
def delete_photo_by_query(
    path: PhotoQuery,
) -> Response[str]:
    """Deletes the photo at the path in the query."""
    return _delete(path)


def _delete(path: str) -> Response[str]:
    require_printable(path)
    _deletion().delete(path)
    return Response(204, body="")


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _deletion() -> Deletion:
    settings = BucketSettings.from_environment()
    return Deletion(boto3.client("s3"), settings.originals, settings.failures_bucket)
