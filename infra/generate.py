"""sizes.yml and the stage's parameters -> functions and resources that serverless.yml takes in.

Run as `python -m infra.generate` with the parameters as JSON on standard input.
"""

import json
import sys
from pathlib import Path
from typing import Any

from infra.alarms import alarm_resources
from infra.api.auth import tokens_secret
from infra.api.fetching import fetch_function, fetch_resources
from infra.api.routes import api_functions, api_resources, http_api, refuse_absent_routes
from infra.api.throttles import find_absent_routes, stage_settings
from infra.buckets.resources import bucket_resources, failure_expiry
from infra.dashboard import dashboard_resources
from infra.delivery import delivery_outputs, delivery_resources
from infra.features import features_output
from infra.functions import function, role_resource
from infra.invalidations import invalidation_function, invalidation_resources
from infra.on_demand.functions import on_demand_function, on_demand_outputs, on_demand_resources
from infra.on_demand.signing import signing_keys
from infra.on_demand.website import website_function, website_resources
from infra.options import set_boundary, topic_resources, tracing_mode
from infra.parameters import Parameters, parse_parameters
from infra.queues import queue_resources
from infra.uniqueness import find_name_clashes
from lib.errors import ConfigError
from lib.sizes import Size, load_sizes

# CloudFormation's limit on a stack, and what of it the rest of the stack may come to take.
MAX_RESOURCES = 500
SHARED_RESOURCES = 120
# What Serverless adds for a function: itself, its log group, its event source mapping.
RESOURCES_OF_FUNCTION = 3


def generate(given: dict[str, Any]) -> dict[str, Any]:
    """Functions, resources and names of the sizes; ConfigError where the input is wrong."""
    parameters = parse_parameters(given)
    sizes = load_sizes(parameters.sizes_file)
    functions, resources = _of_sizes(parameters, sizes)
    if parameters.purges:
        functions |= invalidation_function(parameters, sizes)
        resources |= invalidation_resources(parameters)
    functions |= on_demand_function(parameters, sizes) | website_function(parameters, sizes)
    resources |= on_demand_resources(parameters, sizes) | website_resources(parameters, sizes)
    functions |= api_functions(parameters, sizes) | fetch_function(parameters)
    absent = find_absent_routes(functions)
    refuse_absent_routes(parameters, functions, absent)
    resources |= api_resources(parameters, sizes) | fetch_resources(parameters)
    secret, outputs = tokens_secret(parameters)
    signing, led_to = signing_keys(parameters)
    for part in (
        delivery_resources(parameters, sizes),
        bucket_resources(parameters),
        failure_expiry(sizes),
        topic_resources(parameters),
        secret,
        signing,
    ):
        _add(resources, part)
    _refuse_clashes(parameters, sizes, functions, resources)
    resources |= dashboard_resources(parameters, sizes, functions, resources)
    set_boundary(parameters, resources)
    return {
        "functions": functions,
        "resources": {
            "Resources": resources,
            "Outputs": outputs
            | led_to
            | delivery_outputs(parameters)
            | on_demand_outputs(parameters)
            | features_output(parameters),
            "extensions": stage_settings(parameters, absent),
        },
        "tracing": tracing_mode(parameters),
        "names": json.dumps([size.name for size in sizes]),
        "http_api": http_api(parameters),
        "upload_origins": parameters.upload_origins,
        # Packages of requirements.txt that the zip does without.
        "left_out": [] if parameters.heic else ["pillow-heif"],
    }


def _add(resources: dict[str, Any], part: dict[str, Any]) -> None:
    """Take in resources, and further properties of those that are there."""
    for logical, resource in part.items():
        present = resources.setdefault(logical, resource)
        if present is not resource:
            present |= resource | {"Properties": present["Properties"] | resource["Properties"]}


def _refuse_clashes(
    parameters: Parameters,
    sizes: list[Size],
    functions: dict[str, Any],
    resources: dict[str, Any],
) -> None:
    file = Path(parameters.sizes_file).name
    if clashes := find_name_clashes(sizes, functions, resources):
        raise ConfigError("\n".join(f"{file}: {clash}" for clash in clashes))


def _of_sizes(parameters: Parameters, sizes: list[Size]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each size needs; ConfigError with the mistakes of all of them."""
    functions: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    file = Path(parameters.sizes_file).name
    mistakes = []
    for size in sizes:
        try:
            functions |= function(size, parameters)
            resources |= queue_resources(size, parameters)
            resources |= role_resource(size, parameters)
            resources |= alarm_resources(size, parameters)
        except ConfigError as error:
            mistakes.append(f"{file}: sizes {error}")
    mistakes += _too_many(sizes, resources, file)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return functions, resources


def _too_many(sizes: list[Size], resources: dict[str, Any], file: str) -> list[str]:
    each = len(resources) // len(sizes) + RESOURCES_OF_FUNCTION
    most = (MAX_RESOURCES - SHARED_RESOURCES) // each
    if len(sizes) <= most:
        return []
    return [
        f"{file}: sizes: {len(sizes)} sizes at {each} resources each do not fit into "
        f"CloudFormation's {MAX_RESOURCES} resources a stack; the limit is {most} sizes"
    ]


def main() -> int:
    """Print the result as JSON, or what is wrong on standard error (exit code 1)."""
    try:
        json.dump(generate(json.load(sys.stdin)), sys.stdout)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
