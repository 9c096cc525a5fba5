"""The route POST /render: its function, which needs a whole core, and its role."""

from typing import Any

from infra.api.auth import authorizer
from infra.api.parameters import ApiParameters
from infra.functions import Part, allocator, build_function, route_event
from infra.on_demand.signing import SIGNING_KEYS_ARN, allow_signing_keys
from infra.originals import allow_list_originals, allow_originals, originals_settings
from infra.rekognition import faces_settings, faces_statements
from lib.on_demand.options import MEMORY
from lib.sizes import Size, pack_sizes

RENDER = "POST /render"
# Response header with the path that an original was stored at.
PATH_HEADER = "x-fanout-path"
# Seconds; API Gateway stops waiting after 30.
_TIMEOUT = 25


def rendering(parameters: ApiParameters, sizes: list[Size]) -> Part:
    """Builds the function and its role; nothing if it is switched off."""
    if not parameters.render:
        return Part()
    largest = max(sizes, key=lambda size: size.memory)
    settings: dict[str, Any] = {
        **originals_settings(parameters),
        "PACKED_SIZES": pack_sizes(sizes),
        "CONSOLE": str(parameters.console).lower(),
        "AUTH": parameters.auth,
        "UPLOAD_TYPES": parameters.upload_types_json,
        **faces_settings(parameters, sizes),
    }
    if parameters.serves_signed:
        settings["SIGNING_KEYS"] = SIGNING_KEYS_ARN
    return build_function(
        parameters,
        "render",
        "Renders pictures that requests bring along",
        allow_originals(parameters, "s3:PutObject", "s3:GetObject"),
        # Without it, S3 answers 403 for a free path and for a taken one.
        allow_list_originals(parameters),
        *faces_statements(parameters, sizes),
        *allow_signing_keys(parameters),
        # Limits are computed from each size's own memory, and from MEMORY for signed URLs.
        memory=max(largest.memory, MEMORY),
        timeout=_TIMEOUT,
        environment=allocator(largest) | settings,
        events=[route_event(RENDER, authorizer(parameters))],
    )
