"""The function that S3's website redirects to for missing variants."""

from infra.api.throttles import MISSING
from infra.delivery.resources import images_url
from infra.functions import Part, allocator, build_function, route_event
from infra.on_demand.functions import declared_settings, declared_statements
from infra.originals import allow_list_originals, allow_originals
from infra.parameters import Parameters
from infra.queue_settings import ON_DEMAND_TIMEOUT
from lib.sizes import Size


def website(parameters: Parameters, sizes: list[Size]) -> Part:
    """Builds the function and its role; nothing on a stage without a website."""
    if parameters.delivery != "website":
        return Part()
    largest = max(sizes, key=lambda size: size.memory)
    settings = declared_settings(parameters, sizes) | {"IMAGES_URL": images_url(parameters)}
    return build_function(
        parameters,
        "website",
        "Makes pictures that S3's website lacks",
        allow_originals(parameters, "s3:GetObject"),
        allow_list_originals(parameters),
        *declared_statements(parameters, sizes),
        memory=largest.memory,
        timeout=ON_DEMAND_TIMEOUT,
        environment=allocator(largest) | settings,
        # Without an authorizer: browsers are redirected here. Only declared sizes are rendered.
        events=[route_event(MISSING)],
    )
