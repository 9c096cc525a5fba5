"""The function that S3's website redirects to for missing variants."""

from typing import Any

from infra.api.throttles import MISSING
from infra.delivery import images_url
from infra.functions import allocator, build_role
from infra.naming import arn
from infra.on_demand.functions import declared_settings, declared_statements
from infra.originals import allow_list_originals, allow_originals
from infra.parameters import Parameters
from infra.queue_settings import ON_DEMAND_TIMEOUT
from lib.sizes import Size

_FUNCTION = "website"
_ROLE = "RoleOfWebsite"


def website_function(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the function's entry in serverless.yml's `functions`; empty without a website."""
    if parameters.delivery != "website":
        return {}
    largest = max(sizes, key=lambda size: size.memory)
    settings = declared_settings(parameters, sizes) | {"IMAGES_URL": images_url(parameters)}
    return {
        _FUNCTION: {
            "name": f"{parameters.prefix}-{_FUNCTION}",
            "description": "Makes pictures that S3's website lacks",
            "handler": "handlers.website.handler",
            "role": arn(_ROLE),
            "memorySize": largest.memory,
            "timeout": ON_DEMAND_TIMEOUT,
            "environment": allocator(largest) | settings,
            # Without an authorizer: browsers are redirected here. Only declared sizes are rendered.
            "events": [{"httpApi": dict(zip(("method", "path"), MISSING.split(), strict=True))}],
        }
    }


def website_resources(parameters: Parameters, sizes: list[Size]) -> dict[str, Any]:
    """Builds the function's role."""
    if parameters.delivery != "website":
        return {}
    role = build_role(
        parameters,
        _FUNCTION,
        allow_originals(parameters, "s3:GetObject"),
        allow_list_originals(parameters),
        *declared_statements(parameters, sizes),
    )
    return {_ROLE: role}
