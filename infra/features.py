"""The stack's output that says what is switched on: `./fanout verify` goes by it."""

import json
from typing import Any

from infra.parameters import Parameters


def features_output(parameters: Parameters) -> dict[str, Any]:
    """The output, a JSON list of names."""
    is_on = {
        "declared": "declared" in parameters.on_demand,
        "formats": parameters.serve_formats,
        "purge": parameters.purges,
        "queries": parameters.serve_queries,
        "render": parameters.render,
        "signed": parameters.serves_signed,
        # An emulator has none: pictures come from the bucket itself there.
        "website": parameters.delivery == "website" and not parameters.emulator,
    }
    return {"Features": {"Value": json.dumps([name for name, on in is_on.items() if on])}}
