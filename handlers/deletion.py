"""DELETE /uploads/{path} -> the original goes, and what was made of it follows."""

from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import describe_errors, handle, make_resolver, make_router
from handlers.shared.requests import get_path
from handlers.shared.settings import BucketSettings
from lib.keys import MAX_KEY_BYTES
from lib.upload_paths import require_printable
from lib.uploads.deletion import Deletion

router = make_router()

_DOCUMENTED: Any = {
    204: {
        "description": "It is gone, or never was there; its variants follow within seconds",
        "content": {},
    },
}


@router.delete(
    "/uploads/<path>",
    operation_id="deletePhoto",
    summary="Delete a photo at every size",
    responses={**_DOCUMENTED, **describe_errors(404, 422)},
)
def delete_photo(path: Annotated[str, Path(min_length=1)]) -> Response[str]:
    """Delete the photo at this path."""
    return _deleted(get_path(path))


@router.delete(
    "/uploads",
    operation_id="deletePhotoByQuery",
    summary="The same, for any path",
    description="API Gateway cuts a path at an escaped `?` or `#`; a query it leaves as it is.",
    responses={**_DOCUMENTED, **describe_errors(422)},
)
def delete_photo_by_query(
    path: Annotated[str, Query(min_length=1, max_length=MAX_KEY_BYTES)],
) -> Response[str]:
    """Delete the photo at the path in the query."""
    return _deleted(path)


def _deleted(path: str) -> Response[str]:
    require_printable(path)
    _deletion().delete(path)
    return Response(204, body="")


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _deletion() -> Deletion:
    """Made once a container."""
    settings = BucketSettings.from_environment()
    return Deletion(boto3.client("s3"), settings.originals_bucket, settings.failures_bucket)
