"""GET /openapi.json -> the API's own document; GET /docs -> a page to try it with.

Both are open to everybody: they say what the API is, and nothing that is in it. The routes of what
a stage has switched off lead here as well (infra/api/throttles.py), and are answered with a 404.
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
from handlers.shared.settings import OpenapiSettings

TITLE = "Image Fan-out"
# Of the API, not of the project: it changes when a client has to.
VERSION = "1"
DESCRIPTION = (
    "Upload photos, have them fetched, ask what has become of them, delete them. Refusals are "
    "`application/problem+json` with a `type` that never changes; those of API Gateway itself "
    '(401, 403, 404, 429, at times 413, 500 and 503) are `{"message": …}`.'
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


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    # It reads no body: those that come by routes of other functions are anything.
    return handle(_app(), event, context, takes_json=False)


@lru_cache(maxsize=1)
def _app() -> APIGatewayHttpResolver:
    """Made once a container."""
    settings = OpenapiSettings.from_environment()
    scheme = _SCHEMES.get(settings.auth)
    described: dict[str, Any] = {
        "title": TITLE,
        "version": VERSION,
        "description": DESCRIPTION,
        "servers": [Server(url=settings.api_url)],
    }
    if scheme:
        described |= {
            "security_schemes": {settings.auth: scheme},
            "security": [{settings.auth: []}],
        }
    routers = [uploads.router, status.router, deletion.router]
    if settings.render:
        from handlers import render  # noqa: PLC0415  brings Pillow along

        routers.append(render.router)
    app = make_resolver(*routers, describing=True)

    @app.get("/openapi.json", include_in_schema=False)
    def show_document() -> Response[str]:
        body = app.get_openapi_json_schema(**described)
        return Response(200, content_types.APPLICATION_JSON, body)

    if settings.swagger:
        app.enable_swagger(path="/docs", compress=True, **described)
    return app
