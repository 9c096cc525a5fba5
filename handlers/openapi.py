"""GET /openapi.json -> the API's OpenAPI document; GET /docs -> a page to try the API.

Both are public: they describe the API and hold no data. Routes of features that a stage has
switched off lead here too (infra/api/throttles.py), and get a 404.
"""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.models import (
    APIKey,
    HTTPBearer,
    SecurityScheme,
    Server,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import deletion, status, uploads
from handlers.shared.http import handle, make_resolver
from handlers.shared.settings import Settings

TITLE = "Image Fan-out"
# Version of the API, not of the project: it changes only if clients must change.
VERSION = "1"
DESCRIPTION = (
    "Upload photos, have them fetched, get their status, delete them. Error responses are "
    "`application/problem+json` with a `type` that never changes; those of API Gateway itself "
    '(401, 403, 404, 429, sometimes 413, 500 and 503) are `{"message": …}`.'
)
_BEARER: SecurityScheme = HTTPBearer(description="`Authorization: Bearer …`")
_SIGNED: SecurityScheme = APIKey.model_validate(
    {
        "in": "header",
        "name": "Authorization",
        "description": "AWS Signature Version 4, for `execute-api`",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
)
_SCHEMES: dict[str, SecurityScheme] = {"token": _BEARER, "jwt": _BEARER, "iam": _SIGNED}


class OpenapiSettings(Settings):
    """Settings of this function."""

    api_url: str
    auth: str
    swagger: bool
    # Whether the stage has POST /render.
    render: bool


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    # Requests to routes of other functions may have any body.
    return handle(_app(), event, context, takes_json=False)


@lru_cache(maxsize=1)
def _app() -> APIGatewayHttpResolver:
    """Built once per container."""
    settings = OpenapiSettings.from_environment()
    scheme = _SCHEMES.get(settings.auth)
    description: dict[str, Any] = {
        "title": TITLE,
        "version": VERSION,
        "description": DESCRIPTION,
        "servers": [Server(url=settings.api_url)],
    }
    if scheme:
        description |= {
            "security_schemes": {settings.auth: scheme},
            "security": [{settings.auth: []}],
        }
    routers = [uploads.router, status.router, deletion.router]
    if settings.render:
        from handlers import render  # noqa: PLC0415  imports Pillow

        routers.append(render.router)
    app = make_resolver(*routers, describing=True)

    @app.get("/openapi.json", include_in_schema=False)
    def show_document() -> Response[str]:
        body = app.get_openapi_json_schema(**description)
        return Response(200, content_types.APPLICATION_JSON, body)

    if settings.swagger:
        app.enable_swagger(path="/docs", compress=True, **description)
    return app
