"""Routing and error responses of the functions behind the HTTP API.

An error response is `application/problem+json` (RFC 9457) with a stable `type` for programs and a
`detail` for people. API Gateway's own error responses are `{"message": …}`, which an HTTP API
cannot change: 401, 403, 404, 429, 413 for an oversized body, 500 and 503 if a function fails.
"""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import (
    APIGatewayHttpResolver,
    Response,
    content_types,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.openapi.types import (
    OpenAPIResponse,
    OpenAPIResponseHeader,
)
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from handlers.shared.problems import PROBLEM, TITLES, Problem, make_problem
from handlers.shared.requests import normalize_event, parse_json
from lib.errors import PermanentError, ProblemKind, RequestError, TransientError
from lib.keys import MAX_KEY_BYTES

# Retry-After of a 503: S3 and SQS usually recover from throttling in seconds.
_BUSY_SECONDS = "2"

_logger = Logger(service="api")


class GatewayMessage(BaseModel):
    """An error response of API Gateway itself."""

    message: str


# The groups of routes in the OpenAPI document.
UPLOADS, PHOTOS, RENDERING = "Uploads", "Photos", "Rendering"
DEAD_LETTERS = "Dead letters"
# The type Example would cost every function its import.
_EXAMPLE: Any = {"photo": {"value": "2026/sea.jpg"}}
# A photo's path in a URL's path, escaped, and in its query.
PhotoPath = Annotated[str, Path(min_length=1, openapi_examples=_EXAMPLE)]
PhotoQuery = Annotated[
    str, Query(min_length=1, max_length=MAX_KEY_BYTES, openapi_examples=_EXAMPLE)
]
# API Gateway alone returns these; 404 if no route matches, as for a path without a photo's path.
_GATEWAY_ONLY = {401, 404, 429}
# API Gateway returns these too: to unauthorized callers, for an oversized body, or if a function
# fails or times out.
_GATEWAY_OR_FUNCTION = {403, 413, 500, 503}
_EVERY_ROUTE = {401, 403, 429, 500, 503}
RETRY_AFTER: dict[str, OpenAPIResponseHeader] = {
    "Retry-After": {
        "description": "Seconds to wait before the next request",
        "schema": {"type": "integer", "minimum": 1},
    }
}


def describe_errors(*statuses: int) -> dict[int, OpenAPIResponse]:
    """Describes a route's error responses for OpenAPI: these, and those that every route has."""
    return {status: _describe(status) for status in sorted({*statuses} | _EVERY_ROUTE)}


def _describe(status: int) -> OpenAPIResponse:
    content: dict[str, Any] = {}
    if status not in _GATEWAY_ONLY:
        content[PROBLEM] = {"model": Problem}
    if status in _GATEWAY_ONLY | _GATEWAY_OR_FUNCTION:
        content[content_types.APPLICATION_JSON] = {"model": GatewayMessage}
    response: OpenAPIResponse = {"description": TITLES[status], "content": content}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["headers"] = RETRY_AFTER
    return response


def make_router() -> APIGatewayHttpRouter:
    """Returns an empty list of routes, which a function and the OpenAPI document share."""
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


def make_resolver(
    *routers: APIGatewayHttpRouter, describing: bool = False
) -> APIGatewayHttpResolver:
    """Builds a function's resolver: its routes, and error responses of one form."""
    app = APIGatewayHttpResolver(
        enable_validation=True,
        json_body_deserializer=parse_json,
        # Without 500, Powertools reports an invalid response of ours as an invalid request. With
        # it, Powertools documents every 500 as its own, which no caller ever gets.
        response_validation_error_http_code=None if describing else 500,
    )
    for router in routers:
        app.include_router(router)
    app.not_found(lambda _: _respond(404, ProblemKind.NO_ROUTE, "no such route; see /openapi.json"))
    app.exception_handler(RequestError)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(PermanentError)(_bad_path)
    app.exception_handler(TransientError)(_busy)
    app.exception_handler(Exception)(_internal)
    return app


def handle(
    app: APIGatewayHttpResolver,
    event: dict[str, Any],
    context: LambdaContext,
    *,
    takes_json: bool = True,
) -> dict[str, Any]:
    """Handles one request; without `takes_json`, routes decode their bodies themselves."""
    try:
        event = normalize_event(event, takes_json=takes_json)
    except RequestError as error:
        response = _refused(error)
        return {
            "statusCode": response.status_code,
            "headers": response.headers,
            "body": response.body,
            "isBase64Encoded": False,
        }
    return app.resolve(event, context)


def _respond(status: int, kind: ProblemKind, detail: str, **headers: str) -> Response[str]:
    # Powertools serializes bodies only if the type is application/json.
    body = make_problem(status, kind, detail).model_dump_json()
    return Response(status, PROBLEM, body, headers=dict(headers))


def _refused(error: RequestError) -> Response[str]:
    return _respond(error.status, error.kind, str(error))


def _invalid(error: RequestValidationError) -> Response[str]:
    """Names each invalid field."""
    details = [
        f"{_get_field(each['loc'])}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors()
    ]
    return _respond(422, ProblemKind.INVALID_REQUEST, "; ".join(details))


def _get_field(location: tuple[int | str, ...]) -> str:
    """Returns the field's name in the request; pydantic adds the request's model, in brackets."""
    parts = [str(part) for part in location[1:]]
    return ".".join(part for part in parts if not part.startswith("(")) or str(location[0])


def _bad_path(error: PermanentError) -> Response[str]:
    return _respond(422, ProblemKind.BAD_PATH, str(error))


def _busy(error: TransientError) -> Response[str]:
    _logger.warning("busy", reason=error.reason, error=str(error))
    detail = "a service that this request needs is busy or unreachable: try again in a moment"
    return _respond(503, ProblemKind.BUSY, detail, **{"Retry-After": _BUSY_SECONDS})


def _internal(error: Exception) -> Response[str]:
    _logger.exception("crashed", exc_info=error)
    return _respond(
        500, ProblemKind.INTERNAL, "an error of ours, which our log has: try again later"
    )
