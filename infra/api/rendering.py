"""The route POST /render: its function, which needs a whole core, and its role."""

from typing import Any

from infra.api.auth import authorizer
from infra.api.parameters import ApiParameters
from infra.functions import allocator, build_role
from infra.naming import arn
from infra.on_demand.signing import SIGNING_KEYS_ARN, allow_signing_keys
from infra.originals import allow_list_originals, allow_originals, originals_settings
from infra.rekognition import faces_settings, faces_statements
from lib.on_demand.options import MEMORY
from lib.sizes import Size, pack_sizes

RENDER = "POST /render"
# Response header with the path that an original was stored at.
PATH_HEADER = "x-fanout-path"
_FUNCTION = "render"
_ROLE = "RoleOfRender"
# Seconds; API Gateway stops waiting after 30.
_TIMEOUT = 25


def render_function(parameters: ApiParameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the function's entry in serverless.yml's `functions`."""
    largest = max(sizes, key=lambda size: size.memory)
    method, path = RENDER.split()
    return {
        _FUNCTION: {
            "name": f"{parameters.prefix}-{_FUNCTION}",
            "description": "Renders pictures that requests bring along",
            "handler": "handlers.render.handler",
            "role": arn(_ROLE),
            # Limits are computed from each size's own memory, and from MEMORY for signed URLs.
            "memorySize": max(largest.memory, MEMORY),
            "timeout": _TIMEOUT,
            "environment": allocator(largest)
            | {
                **originals_settings(parameters),
                "PACKED_SIZES": pack_sizes(sizes),
                "CONSOLE": str(parameters.console).lower(),
                "AUTH": parameters.auth,
                "UPLOAD_TYPES": parameters.upload_types_json,
            }
            | faces_settings(parameters, sizes)
            | ({"SIGNING_KEYS": SIGNING_KEYS_ARN} if parameters.serves_signed else {}),
            "events": [{"httpApi": {"method": method, "path": path, **authorizer(parameters)}}],
        }
    }


def render_resources(parameters: ApiParameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the function's role."""
    return {
        _ROLE: build_role(
            parameters,
            _FUNCTION,
            allow_originals(parameters, "s3:PutObject", "s3:GetObject"),
            # Without it, S3 answers 403 for a free path and for a taken one.
            allow_list_originals(parameters),
            *faces_statements(parameters, sizes),
            *allow_signing_keys(parameters),
        )
    }
