"""Which sizes' subscriptions get a filter policy (lib/sizes/filters.py)."""

from typing import Any

from infra.parameters import Parameters
from lib.sizes import Size
from lib.sizes.filters import build_filter


def build_filters(parameters: Parameters, sizes: list[Size]) -> dict[str, dict[str, Any]]:
    """Builds the filter of each size, by its name.

    An emulator drops every message of a filtered subscription. If all sizes are limited, a photo
    may be that of none, and its signed images may be cached: the first size's worker purges them.
    """
    if parameters.emulator:
        return {size.name: {} for size in sizes}
    filters = {size.name: build_filter(size, parameters.originals_prefix) for size in sizes}
    if parameters.serves_signed and parameters.purges and all(size.is_limited for size in sizes):
        filters[sizes[0].name] = {}
    return filters
