"""What the functions behind the HTTP API share: how a request comes in, and how it is refused.

A refusal is `application/problem+json` (RFC 9457) with a stable `type` for programs and a `detail`
for people. API Gateway's own refusals (401, 403, 404, 429) are `{"message": …}`: an HTTP API lets
nobody change them.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import (
    APIGatewayHttpResolver,
    Response,
    content_types,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lib.errors import PermanentError, RequestError, TransientError

PROBLEM = "application/problem+json"
# Seconds after which another try makes sense where S3 or SQS are busy.
_BUSY_SECONDS = "2"
_UPLOADS = "/uploads/"

_logger = Logger(service="api")


class Problem(BaseModel):
    """Why a request was refused: `type` never changes, `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str


class Message(BaseModel):
    """How API Gateway itself refuses."""

    message: str


_SAID_BY_API_GATEWAY = (401, 403, 429)


def refusals(*statuses: int) -> dict[int, OpenAPIResponse]:
    """What the document says of a route's refusals: these, and those that every route has."""
    ours = {
        status: _described(status, PROBLEM, Problem) for status in sorted({*statuses, 500, 503})
    }
    return ours | {
        status: _described(status, content_types.APPLICATION_JSON, Message)
        for status in _SAID_BY_API_GATEWAY
    }


def _described(status: int, content_type: str, model: type[BaseModel]) -> OpenAPIResponse:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {content_type: {"model": model}},
    }


def routes() -> APIGatewayHttpRouter:
    """An empty list of a function's routes, which the API's document can take in as well."""
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


def resolver(*routers: APIGatewayHttpRouter) -> APIGatewayHttpResolver:
    """The routes of a function, with every refusal in the one form."""
    app = APIGatewayHttpResolver(enable_validation=True)
    for router in routers:
        app.include_router(router)
    app.not_found(_unknown)
    app.exception_handler(RequestError)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(PermanentError)(_impossible)
    app.exception_handler(TransientError)(_busy)
    app.exception_handler(Exception)(_crashed)
    return app


def answer(
    app: APIGatewayHttpResolver, event: dict[str, Any], context: LambdaContext
) -> dict[str, Any]:
    """Answer one request; a photo's path comes as one escaped segment, see `path_of`.

    API Gateway decodes every escape of a path but %25, and Powertools' routes end at a slash.
    """
    raw = event["rawPath"]
    if raw.startswith(_UPLOADS):
        path = unquote(raw.removeprefix(_UPLOADS))
        event = {**event, "rawPath": _UPLOADS + quote(path, safe="")}
    return app.resolve(event, context)


def path_of(segment: str) -> str:
    """The photo's path, from the segment that `answer` made of it."""
    return unquote(segment)


def problem(status: int, kind: str, detail: str) -> Problem:
    """A refusal as a document."""
    return Problem(type=kind, title=HTTPStatus(status).phrase, status=status, detail=detail)


def _response(status: int, kind: str, detail: str, **headers: str) -> Response[str]:
    # Powertools makes JSON only of what is called application/json.
    body = problem(status, kind, detail).model_dump_json()
    return Response(status, PROBLEM, body, headers=dict(headers))


def _unknown(_: Exception) -> Response[str]:
    return _response(404, "no_route", "there is nothing here: /openapi.json says what there is")


def _refused(error: RequestError) -> Response[str]:
    return _response(error.status, error.kind, str(error))


def _malformed(error: RequestValidationError) -> Response[str]:
    """Name each wrong field."""
    wrong = [f"{_field(mistake['loc'])}: {mistake['msg']}" for mistake in error.errors()]
    return _response(422, "invalid_request", "; ".join(wrong))


def _field(location: tuple[int | str, ...]) -> str:
    """The field as its sender knows it: pydantic also names the kind of request, in brackets."""
    parts = [str(part) for part in location[1:]]
    return ".".join(part for part in parts if not part.startswith("(")) or str(location[0])


def _impossible(error: PermanentError) -> Response[str]:
    return _response(422, "bad_path", str(error))


def _busy(error: TransientError) -> Response[str]:
    _logger.warning("busy", reason=error.reason, error=str(error))
    said = "storage is busy or cannot be reached: ask again in a moment"
    return _response(503, "busy", said, **{"Retry-After": _BUSY_SECONDS})


def _crashed(error: Exception) -> Response[str]:
    _logger.exception("crashed", exc_info=error)
    return _response(500, "internal", "this is our mistake, and is in our log: ask again later")
