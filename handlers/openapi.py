"""GET /openapi.json -> the API's OpenAPI document; GET /docs -> a page to try the API.

Both are public: they describe the API and hold no data. Routes of features that a stage has
switched off lead here too (infra/api/throttles.py), and get a 404.
"""

import json
from functools import cache, lru_cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.models import (
    APIKey,
    HTTPBearer,
    SecurityScheme,
    Server,
    Tag,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Json

from handlers import deletion, focus, status, uploads
from handlers.shared.docs_page import make_page
from handlers.shared.http import DEAD_LETTERS, PHOTOS, RENDERING, UPLOADS, handle, make_resolver
from handlers.shared.settings import Settings

TITLE = "Image Fan-out"
# Version of the API, not of the project: it changes only if clients must change.
VERSION = "1"
DESCRIPTION = (
    "Upload photos, have them fetched, get their status, delete them. Error responses are "
    "`application/problem+json` with a `type` that never changes; those of API Gateway itself "
    '(401, 403, 404, 429, sometimes 413, 500 and 503) are `{"message": …}`.'
)
# In the order of the page.
_TAGS = [
    Tag(name=UPLOADS, description="Upload a file, or have one fetched"),
    Tag(name=PHOTOS, description="Status and deletion of a photo with its variants"),
]
_RENDERING_TAG = Tag(name=RENDERING, description="Render an image in one request")
_DEAD_LETTERS_TAG = Tag(name=DEAD_LETTERS, description="What failed for good; for operators")
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
    # Names of the sizes of POST /render; empty on a stage without it.
    render_sizes: Json[list[str]]
    # Whether a size is cropped to photos' focal points.
    has_focus: bool = False
    # Whether the stage has the operator's routes.
    console: bool = False


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    # Requests to routes of other functions may have any body.
    return handle(_app(), event, context, takes_json=False)


@lru_cache(maxsize=1)
def _app() -> APIGatewayHttpResolver:
    settings = OpenapiSettings.from_environment()
    routers = [uploads.router, status.router, deletion.router]
    if settings.has_focus:
        routers.append(focus.router)
    if settings.render_sizes:
        from handlers import render  # noqa: PLC0415  imports Pillow

        routers.append(render.router)
    if settings.console:
        from handlers import dlq_list, dlq_purge, dlq_replay, recheck  # noqa: PLC0415  only some stages

        routers += [recheck.router, dlq_list.router, dlq_replay.router, dlq_purge.router]
    app = make_resolver(*routers, describing=True)

    # Not at once: a route that is switched off needs no document.
    @cache
    def make_document() -> str:
        return _make_document(app, settings)

    @app.get("/openapi.json", include_in_schema=False)
    def show_document() -> Response[str]:
        return Response(200, content_types.APPLICATION_JSON, make_document())

    if settings.swagger:

        @app.get("/docs", include_in_schema=False, compress=True)
        def show_page() -> Response[str]:
            if app.current_event.query_string_parameters.get("format") == "json":
                return show_document()
            # The form cannot sign requests.
            page = make_page(make_document(), has_form=settings.auth != "iam")
            return Response(200, content_types.TEXT_HTML, page)

    return app


def _make_document(app: APIGatewayHttpResolver, settings: OpenapiSettings) -> str:
    description: dict[str, Any] = {
        "title": TITLE,
        "version": VERSION,
        "description": DESCRIPTION,
        "servers": [Server(url=settings.api_url)],
        # A group without routes would be empty.
        "tags": [
            *_TAGS,
            *([_RENDERING_TAG] if settings.render_sizes else []),
            *([_DEAD_LETTERS_TAG] if settings.console else []),
        ],
    }
    scheme = _SCHEMES.get(settings.auth)
    if scheme:
        description |= {
            "security_schemes": {settings.auth: scheme},
            "security": [{settings.auth: []}],
        }
    document = json.loads(app.get_openapi_json_schema(**description))
    if settings.render_sizes:
        _list_sizes(document, settings.render_sizes)
    return json.dumps(document)


def _list_sizes(document: dict[str, Any], names: list[str]) -> None:
    """Adds the stage's sizes to the parameter `size` of POST /render."""
    parameters = document["paths"]["/render"]["post"]["parameters"]
    (size,) = (each for each in parameters if each["name"] == "size")
    size |= {"schema": {"type": "string", "enum": names}, "example": names[0]}
