"""POST /uploads/{path} -> the photo's focal point is set; workers crop its variants anew."""

from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import (
    PHOTOS,
    PhotoPath,
    describe_errors,
    handle,
    make_resolver,
    make_router,
)
from handlers.shared.requests import get_path
from handlers.shared.settings import OriginalsSettings
from lib.aws import s3 as objects
from lib.upload_paths import require_printable
from lib.uploads.focus import FocusEditor, FocusRequest, PhotoFocus

router = make_router()

# The type Example would cost the function its import.
_EXAMPLES: Any = {
    "set": {"summary": "Left of the middle, and above it", "value": {"focus": [0.3, 0.4]}},
    "remove": {"summary": "None: sizes fall back", "value": {"focus": None}},
}
_DOCUMENTED: Any = {
    200: {
        "description": "The focal point; variants follow within seconds",
        "content": {"application/json": {"model": PhotoFocus}},
    },
}


@router.post(
    "/uploads/<path>",
    tags=[PHOTOS],
    operation_id="setFocus",
    summary="Set or remove the focal point of a photo",
    description="Sizes with `position: focus` are cropped around it.",
    responses={**_DOCUMENTED, **describe_errors(404, 409, 415, 422)},
)
def set_focus(
    path: PhotoPath,
    request: Annotated[FocusRequest, Body(openapi_examples=_EXAMPLES)],
) -> Response[PhotoFocus]:
    """Sets the focal point of the photo at this path."""
    photo = get_path(path)
    require_printable(photo)
    result = _focus_editor().set(photo, request.focus)
    return Response(200, content_types.APPLICATION_JSON, result)


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _focus_editor() -> FocusEditor:
    settings = OriginalsSettings.from_environment()
    s3 = boto3.client("s3")
    # A retry of a copy that landed would fail if KMS encrypts the bucket: each copy has an ETag of
    # its own there.
    objects.disable_write_retries(s3)
    return FocusEditor(s3, settings.originals)
