"""The stack's output with the features that are switched on, which `./fanout verify` reads."""

import json
from typing import Any

from infra.parameters import Parameters


def features_output(parameters: Parameters) -> dict[str, Any]:
    """Builds the output, a JSON list of names."""
    features = {
        "console": parameters.console,
        "declared": "declared" in parameters.on_demand,
        "formats": parameters.serve_formats,
        "private": parameters.is_private,
        "purge": parameters.purges,
        "queries": parameters.serve_queries,
        "render": parameters.render,
        "signed": parameters.serves_signed,
        # An emulator has no websites: images come from the bucket itself.
        "website": parameters.delivery == "website" and not parameters.emulator,
    }
    return {"Features": {"Value": json.dumps([name for name, on in features.items() if on])}}
