"""POST /rechecks -> workers render what is missing or stale of a photo."""

from functools import lru_cache
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from handlers.shared.http import PHOTOS, describe_errors, handle, make_resolver, make_router
from handlers.shared.operator import OperatorSettings, require_operator
from lib.uploads.rechecks import MAX_WORKERS, Rechecked, RecheckRequest, Rechecks

router = make_router()

# The type Example would cost the function its import.
_EXAMPLES: Any = {"photo": {"summary": "At all sizes", "value": {"path": "2026/sea.jpg"}}}
_DOCUMENTED: Any = {
    202: {
        "description": "Queued, whether or not there is such a photo; workers follow in seconds",
        "content": {"application/json": {"model": Rechecked}},
    },
}


@router.post(
    "/rechecks",
    tags=[PHOTOS],
    operation_id="recheckPhoto",
    summary="Render what is missing or stale of a photo",
    description="Needs a token made with `--scope operate`. Current variants stay as they are. A "
    "size that failed fails again: replay its dead letter instead.",
    responses={**_DOCUMENTED, **describe_errors(415, 422)},
)
def recheck_photo(
    request: Annotated[RecheckRequest, Body(openapi_examples=_EXAMPLES)],
) -> Response[Rechecked]:
    """Queues rechecks of the photo."""
    settings = OperatorSettings.from_environment()
    require_operator(router.current_event.raw_event, settings.auth)
    return Response(202, content_types.APPLICATION_JSON, _rechecks().send(request))


app = make_resolver(router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    return handle(app, event, context)


@lru_cache(maxsize=1)
def _rechecks() -> Rechecks:
    """Built once per container."""
    settings = OperatorSettings.from_environment()
    sqs = boto3.client("sqs", config=Config(max_pool_connections=MAX_WORKERS))
    return Rechecks(sqs, settings.queue_prefix, settings.sizes, settings.originals)
