"""What the functions behind the HTTP API share: how a request comes in, and how it is refused.

A refusal is `application/problem+json` (RFC 9457) with a stable `type` for programs and a `detail`
for people. API Gateway's own refusals (401, 403, 404, 429, 413 for a body that is too long, and 500
and 503 where a function gives no answer) are `{"message": …}`: an HTTP API lets nobody change them.
"""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import (
    APIGatewayHttpResolver,
    Response,
    content_types,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.types import (
    OpenAPIResponse,
    OpenAPIResponseHeader,
)
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from handlers.shared.problems import PROBLEM, Problem, make_problem
from handlers.shared.requests import normalize_event, parse_json
from lib.errors import PermanentError, ProblemKind, RequestError, TransientError

# Seconds after which another try makes sense where S3 or SQS are busy.
_BUSY_SECONDS = "2"

_logger = Logger(service="api")


class GatewayMessage(BaseModel):
    """How API Gateway itself refuses."""

    message: str


# It says 404 where a path leads to no route, as one without a photo's path does.
_SAID_BY_API_GATEWAY = {401, 404, 429}
# It says these too: to strangers, where a body is too long to carry, or a function breaks down or
# takes too long.
_SAID_BY_BOTH = {403, 413, 500, 503}
_SAID_OF_EVERY_ROUTE = {401, 403, 429, 500, 503}
RETRY_AFTER: dict[str, OpenAPIResponseHeader] = {
    "Retry-After": {
        "description": "Seconds after which to ask again",
        "schema": {"type": "integer", "minimum": 1},
    }
}


def describe_errors(*statuses: int) -> dict[int, OpenAPIResponse]:
    """What the document says of a route's refusals: these, and those that every route has."""
    return {status: _described(status) for status in sorted({*statuses} | _SAID_OF_EVERY_ROUTE)}


def _described(status: int) -> OpenAPIResponse:
    content: dict[str, Any] = {}
    if status not in _SAID_BY_API_GATEWAY:
        content[PROBLEM] = {"model": Problem}
    if status in _SAID_BY_API_GATEWAY | _SAID_BY_BOTH:
        content[content_types.APPLICATION_JSON] = {"model": GatewayMessage}
    told: OpenAPIResponse = {"description": HTTPStatus(status).phrase, "content": content}
    return told | {"headers": RETRY_AFTER} if status == HTTPStatus.SERVICE_UNAVAILABLE else told


def make_router() -> APIGatewayHttpRouter:
    """An empty list of a function's routes, which the API's document can take in as well."""
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


def make_resolver(
    *routers: APIGatewayHttpRouter, describing: bool = False
) -> APIGatewayHttpResolver:
    """The routes of a function, with every refusal in the one form."""
    app = APIGatewayHttpResolver(
        enable_validation=True,
        json_body_deserializer=parse_json,
        # Without it a wrong answer of ours is told like a wrong request; with it Powertools
        # describes every 500 as one of its own, which nobody ever gets.
        response_validation_error_http_code=None if describing else 500,
    )
    for router in routers:
        app.include_router(router)
    app.not_found(_unknown)
    app.exception_handler(RequestError)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(PermanentError)(_impossible)
    app.exception_handler(TransientError)(_busy)
    app.exception_handler(Exception)(_crashed)
    return app


def handle(
    app: APIGatewayHttpResolver,
    event: dict[str, Any],
    context: LambdaContext,
    *,
    takes_json: bool = True,
) -> dict[str, Any]:
    """Answer one request; where bodies are not JSON (`takes_json`) routes read them themselves."""
    try:
        event = normalize_event(event, takes_json=takes_json)
    except RequestError as error:
        refused = _refused(error)
        return {
            "statusCode": refused.status_code,
            "headers": refused.headers,
            "body": refused.body,
            "isBase64Encoded": False,
        }
    return app.resolve(event, context)


def _response(status: int, kind: ProblemKind, detail: str, **headers: str) -> Response[str]:
    # Powertools makes JSON only of what is called application/json.
    body = make_problem(status, kind, detail).model_dump_json()
    return Response(status, PROBLEM, body, headers=dict(headers))


def _unknown(_: Exception) -> Response[str]:
    return _response(
        404, ProblemKind.NO_ROUTE, "there is nothing here: /openapi.json says what there is"
    )


def _refused(error: RequestError) -> Response[str]:
    return _response(error.status, error.kind, str(error))


def _malformed(error: RequestValidationError) -> Response[str]:
    """Name each wrong field."""
    wrong = [
        f"{_field(mistake['loc'])}: {mistake['msg'].removeprefix('Value error, ')}"
        for mistake in error.errors()
    ]
    return _response(422, ProblemKind.INVALID_REQUEST, "; ".join(wrong))


def _field(location: tuple[int | str, ...]) -> str:
    """The field as its sender knows it: pydantic also names the kind of request, in brackets."""
    parts = [str(part) for part in location[1:]]
    return ".".join(part for part in parts if not part.startswith("(")) or str(location[0])


def _impossible(error: PermanentError) -> Response[str]:
    return _response(422, ProblemKind.BAD_PATH, str(error))


def _busy(error: TransientError) -> Response[str]:
    _logger.warning("busy", reason=error.reason, error=str(error))
    said = "what this needs is busy or cannot be reached: ask again in a moment"
    return _response(503, ProblemKind.BUSY, said, **{"Retry-After": _BUSY_SECONDS})


def _crashed(error: Exception) -> Response[str]:
    _logger.exception("crashed", exc_info=error)
    said = "this is our mistake, and is in our log: ask again later"
    return _response(500, ProblemKind.INTERNAL, said)
