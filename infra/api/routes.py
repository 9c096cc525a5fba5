"""The routes of the API: the function behind each, and its role."""

import json
from typing import Any

from infra.api.auth import AUTHORIZER, TOKENS_ARN, authorizer, authorizers
from infra.api.fetching import FETCH_QUEUE
from infra.api.parameters import ApiParameters
from infra.api.rendering import KEPT, render_function, render_resources
from infra.api.throttles import DOCS, MISSING
from infra.delivery import images_url
from infra.functions import allow_list, build_role
from infra.naming import FAILURES_BUCKET, IMAGES_BUCKET, ORIGINALS_BUCKET, allow, arn, ref, sub
from infra.parameters import Parameters
from lib.keys import FETCH_RECORDS, ORIGINALS
from lib.sizes import Size

# Seconds that browsers keep the answer to a preflight; Chromium keeps none for longer than 7,200.
_PREFLIGHT_SECONDS = 3600
_OPEN = ("GET /openapi.json", DOCS, MISSING)
# Answers for the routes of what a stage has switched off, and has no rights.
_REFUSING = "openapi"


def http_api(parameters: ApiParameters) -> dict[str, Any]:
    """What serverless.yml says of the API itself: its authorizers, and the sites that may call."""
    return {
        "name": parameters.prefix,
        "cors": {
            "allowedOrigins": parameters.upload_origins,
            "allowedMethods": ["GET", "POST", "DELETE"],
            # A signed request (auth: iam) also has the other two.
            "allowedHeaders": [
                "authorization",
                "content-type",
                "x-amz-date",
                "x-amz-security-token",
            ],
            "exposedResponseHeaders": ["retry-after", KEPT],
            "maxAge": _PREFLIGHT_SECONDS,
        },
        **authorizers(parameters),
    }


def api_functions(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """The functions' entries in serverless.yml's list, by their keys."""
    originals, failures = ref("OriginalsBucket"), ref("FailuresBucket")
    functions = {
        "uploads": _function(
            parameters,
            "uploads",
            "Gives out presigned uploads, and orders to fetch",
            ["POST /uploads", "POST /uploads/batch"],
            ORIGINALS_BUCKET=originals,
            FAILURES_BUCKET=failures,
            FETCH_QUEUE_URL=ref(FETCH_QUEUE),
            IMAGES_URL=images_url(parameters),
            FORMATS=_formats(sizes),
            UPLOAD_TYPES=parameters.upload_types_json,
            FETCH_LOOPBACK=str(parameters.fetch_loopback).lower(),
        ),
        "status": _function(
            parameters,
            "status",
            "Tells what has become of a photo",
            ["GET /uploads", "GET /uploads/{path+}"],
            ORIGINALS_BUCKET=originals,
            IMAGES_BUCKET=ref("ImagesBucket"),
            FAILURES_BUCKET=failures,
            IMAGES_URL=images_url(parameters),
            FORMATS=_formats(sizes),
        ),
        "deletion": _function(
            parameters,
            "deletion",
            "Deletes photos",
            ["DELETE /uploads", "DELETE /uploads/{path+}"],
            ORIGINALS_BUCKET=originals,
            FAILURES_BUCKET=failures,
        ),
        _REFUSING: _function(
            parameters,
            _REFUSING,
            "Describes the API",
            ["GET /openapi.json", DOCS],
            API_URL=parameters.api_url,
            AUTH=parameters.auth,
            SWAGGER=str(parameters.swagger).lower(),
            RENDER=str(parameters.render).lower(),
        ),
    }
    if parameters.render:
        functions |= render_function(parameters, sizes)
    if parameters.auth == "token":
        functions[AUTHORIZER] = _function(
            parameters, AUTHORIZER, "Knows the API's tokens", [], TOKENS_SECRET=TOKENS_ARN
        )
    return functions


def refuse_absent_routes(
    parameters: ApiParameters, functions: dict[str, Any], absent: list[str]
) -> None:
    """Have the function without rights answer for routes that are switched off, with a 404."""
    functions[_REFUSING]["events"] += [{"httpApi": _route(parameters, each)} for each in absent]


def _formats(sizes: list[Size]) -> str:
    """The formats that each size has beside its own, by the size's name."""
    return json.dumps({size.name: size.formats for size in sizes})


def _function(
    parameters: ApiParameters, name: str, description: str, routes: list[str], **settings: Any
) -> dict[str, Any]:
    return {
        "name": f"{parameters.prefix}-{name}",
        "description": description,
        "handler": f"handlers.{name}.handler",
        "role": arn(_role(name)),
        # Little to do, but Python's imports to wait for: memory buys a shorter cold start.
        "memorySize": 512,
        # API Gateway gives up after 30.
        "timeout": 20,
        "environment": settings,
        "events": [{"httpApi": _route(parameters, route)} for route in routes],
    }


def _route(parameters: ApiParameters, route: str) -> dict[str, Any]:
    method, _, path = route.partition(" ")
    return {"method": method, "path": path, **({} if route in _OPEN else authorizer(parameters))}


def _role(name: str) -> str:
    return f"RoleOf{name.capitalize()}"


def api_resources(parameters: ApiParameters, sizes: list[Size]) -> dict[str, Any]:
    """The functions' roles."""
    originals = sub(f"{ORIGINALS_BUCKET}/{ORIGINALS}*")
    order = sub(f"{FAILURES_BUCKET}/{FETCH_RECORDS}/*")
    allowed = {
        "uploads": [
            # A presigned form carries the leave of whoever signed it.
            allow(["s3:PutObject", "s3:GetObject"], originals),
            # To tell a free path from a taken one: without it S3 says 403 for both.
            allow_list(ORIGINALS_BUCKET, [ORIGINALS]),
            # S3 compares an ETag only for those who may read.
            allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], order),
            allow_list(FAILURES_BUCKET, [f"{FETCH_RECORDS}/"]),
            allow(["sqs:SendMessage"], arn(FETCH_QUEUE)),
        ],
        "status": [
            allow(["s3:GetObject"], originals),
            # Of every size: one statement for each would not fit into a role's 10,240 characters.
            allow(["s3:GetObject"], [sub(f"{IMAGES_BUCKET}/*"), sub(f"{FAILURES_BUCKET}/*")]),
            allow_list(ORIGINALS_BUCKET, [ORIGINALS]),
            allow_list(IMAGES_BUCKET, ["*/"]),
            allow_list(FAILURES_BUCKET, ["*/"]),
        ],
        "deletion": [
            allow(["s3:DeleteObject"], originals),
            allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], order),
            allow_list(FAILURES_BUCKET, [f"{FETCH_RECORDS}/"]),
        ],
        _REFUSING: [],
    }
    if parameters.auth == "token":
        allowed[AUTHORIZER] = [allow(["secretsmanager:GetSecretValue"], TOKENS_ARN)]
    resources = render_resources(parameters, sizes) if parameters.render else {}
    return resources | {
        _role(name): build_role(parameters, name, *statements)
        for name, statements in allowed.items()
    }
