"""Functions behind the API's routes, and their roles."""

import json
from typing import Any

from infra.api.auth import AUTHORIZER, TOKENS_ARN, authorizer, authorizers
from infra.api.console import CONSOLE, console
from infra.api.fetching import FETCH_QUEUE, allow_fetch_records, fetching
from infra.api.focus import FOCUS, crops_to_focus, focus_statements
from infra.api.operators import operators
from infra.api.parameters import ApiParameters
from infra.api.rendering import PATH_HEADER, rendering
from infra.api.throttles import DOCS, MISSING
from infra.delivery.resources import images_url
from infra.delivery.viewers import allow_viewer_keys, viewer_settings
from infra.functions import (
    Part,
    acl_settings,
    allow_list,
    build_function,
    caching_settings,
    join,
    route_event,
)
from infra.naming import FAILURES_BUCKET, IMAGES_BUCKET, allow, arn, ref, sub
from infra.originals import allow_list_originals, allow_originals, originals_settings
from infra.parameters import Parameters
from lib.sizes import Size, pack_sizes

# Seconds that browsers cache a preflight response; Chromium's maximum is 7,200.
_PREFLIGHT_SECONDS = 3600
_OPEN = ("GET /openapi.json", DOCS, MISSING, CONSOLE)
# Seconds; API Gateway stops waiting after 30.
_TIMEOUT = 20
# Function without permissions; it also answers 404 for routes that the stage has switched off.
_OPENAPI = "openapi"


def http_api(parameters: Parameters) -> dict[str, Any]:
    """Builds serverless.yml's `httpApi`: the API's name, CORS and authorizers."""
    return {
        "name": parameters.prefix,
        "cors": {
            "allowedOrigins": parameters.page_origins,
            "allowedMethods": ["GET", "POST", "DELETE"],
            # Requests with an AWS signature (auth: iam) have the last two.
            "allowedHeaders": [
                "authorization",
                "content-type",
                "x-amz-date",
                "x-amz-security-token",
            ],
            "exposedResponseHeaders": ["retry-after", PATH_HEADER],
            "maxAge": _PREFLIGHT_SECONDS,
        },
        **authorizers(parameters),
    }


def api(parameters: Parameters, sizes: list[Size]) -> Part:
    """Builds the functions behind the routes, with their roles."""
    originals, failures = originals_settings(parameters), ref("FailuresBucket")
    uploads = _function(
        parameters,
        "uploads",
        "Gives out presigned uploads, and orders to fetch",
        ["POST /uploads", "POST /uploads/batch"],
        # A presigned POST has the permissions of the role that signs it.
        allow_originals(parameters, "s3:PutObject", "s3:GetObject"),
        # Without it, S3 answers 403 for a free path and for a taken one.
        allow_list_originals(parameters),
        # S3 requires GetObject to compare an ETag.
        *allow_fetch_records(),
        allow(["sqs:SendMessage"], arn(FETCH_QUEUE)),
        *allow_viewer_keys(parameters),
        *_placeholder_statements(sizes),
        **originals,
        FAILURES_BUCKET=failures,
        FETCH_QUEUE_URL=ref(FETCH_QUEUE),
        IMAGES_URL=images_url(parameters),
        SIZES=pack_sizes(sizes),
        UPLOAD_TYPES=parameters.upload_types_json,
        FETCH_LOOPBACK=str(parameters.fetch_loopback).lower(),
        **viewer_settings(parameters),
        **_placeholder_settings(sizes),
    )
    status = _function(
        parameters,
        "status",
        "Tells what has become of a photo",
        ["GET /uploads", "GET /uploads/{path+}", "POST /uploads/status"],
        allow_originals(parameters, "s3:GetObject"),
        # One statement a size would exceed a role's 10,240 characters.
        allow(["s3:GetObject"], [sub(f"{IMAGES_BUCKET}/*"), sub(f"{FAILURES_BUCKET}/*")]),
        allow_list_originals(parameters),
        allow_list(IMAGES_BUCKET, ["*/"]),
        allow_list(FAILURES_BUCKET, ["*/"]),
        *allow_viewer_keys(parameters),
        **originals,
        IMAGES_BUCKET=ref("ImagesBucket"),
        FAILURES_BUCKET=failures,
        IMAGES_URL=images_url(parameters),
        SERVE_FORMATS=str(parameters.serve_formats).lower(),
        SIZES=pack_sizes(sizes),
        **caching_settings(parameters),
        **acl_settings(parameters),
        **viewer_settings(parameters),
    )
    deletion = _function(
        parameters,
        "deletion",
        "Deletes photos",
        ["DELETE /uploads", "DELETE /uploads/{path+}"],
        allow_originals(parameters, "s3:DeleteObject"),
        *allow_fetch_records(),
        **originals,
        FAILURES_BUCKET=failures,
    )
    openapi = _function(
        parameters,
        _OPENAPI,
        "Describes the API",
        ["GET /openapi.json", DOCS],
        API_URL=parameters.api_url,
        AUTH=parameters.auth,
        SWAGGER=str(parameters.swagger).lower(),
        CONSOLE=str(parameters.console).lower(),
        RENDER_SIZES=json.dumps([size.name for size in sizes] if parameters.render else []),
        **({"HAS_FOCUS": "true"} if crops_to_focus(sizes) else {}),
    )
    focus = _function(
        parameters,
        "focus",
        "Changes the focal points of photos",
        [FOCUS],
        *focus_statements(parameters),
        **originals,
    )
    authorizer_function = _function(
        parameters,
        AUTHORIZER,
        "Knows the API's tokens",
        [],
        allow(["secretsmanager:GetSecretValue"], TOKENS_ARN),
        TOKENS_SECRET=TOKENS_ARN,
    )
    return join(
        uploads,
        status,
        deletion,
        openapi,
        focus if crops_to_focus(sizes) else Part(),
        rendering(parameters, sizes),
        console(parameters, sizes),
        operators(parameters, sizes),
        authorizer_function if parameters.auth == "token" else Part(),
        fetching(parameters),
    )


def refuse_absent_routes(
    parameters: ApiParameters, functions: dict[str, Any], absent: list[str]
) -> None:
    """Adds routes that are switched off to the function that answers 404 for them."""
    functions[_OPENAPI]["events"] += [_event(parameters, route) for route in absent]


def _placeholder_settings(sizes: list[Size]) -> dict[str, Any]:
    """Builds the settings of a function that returns the placeholders of variants."""
    has_one = any(size.placeholder for size in sizes)
    return {"IMAGES_BUCKET": ref("ImagesBucket")} if has_one else {}


def _placeholder_statements(sizes: list[Size]) -> list[dict[str, Any]]:
    """Builds the permissions to read the placeholders of variants."""
    names = [size.name for size in sizes if size.placeholder]
    if not names:
        return []
    return [
        allow(["s3:GetObject"], [sub(f"{IMAGES_BUCKET}/{name}/*") for name in names]),
        allow_list(IMAGES_BUCKET, [f"{name}/" for name in names]),
    ]


def _function(
    parameters: ApiParameters,
    name: str,
    description: str,
    routes: list[str],
    *statements: dict[str, Any],
    **settings: Any,
) -> Part:
    return build_function(
        parameters,
        name,
        description,
        *statements,
        timeout=_TIMEOUT,
        environment=settings,
        events=[_event(parameters, route) for route in routes],
    )


def _event(parameters: ApiParameters, route: str) -> dict[str, Any]:
    return route_event(route, {} if route in _OPEN else authorizer(parameters))
