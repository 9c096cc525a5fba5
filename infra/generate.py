"""Generates serverless.yml's functions and resources from sizes.yml and the stage's parameters.

Run as `python -m infra.generate` with the parameters as JSON on standard input.
"""

import json
import sys
from typing import Any

from infra.alarms import alarm_resources
from infra.api.auth import tokens_secret
from infra.api.console import console_outputs
from infra.api.fetching import fetch_function, fetch_resources
from infra.api.routes import api_functions, api_resources, http_api, refuse_absent_routes
from infra.api.throttles import find_absent_routes, stage_settings
from infra.buckets.failures import failures_bucket
from infra.buckets.originals import originals_resources
from infra.buckets.resources import access_logs
from infra.dashboard import dashboard_resources
from infra.delivery import delivery_outputs, delivery_resources
from infra.delivery.viewers import viewer_metadata
from infra.filters import build_filters
from infra.functions import function, role_resource
from infra.invalidations import invalidation_function, invalidation_resources
from infra.on_demand.functions import on_demand_function, on_demand_outputs, on_demand_resources
from infra.on_demand.signing import signing_keys
from infra.on_demand.website import website_function, website_resources
from infra.options import set_boundary, tracing_mode
from infra.originals import originals_outputs
from infra.outputs import stack_outputs
from infra.parameters import Parameters, parse_parameters
from infra.path_checks import find_path_mistakes
from infra.queues import queue_resources
from infra.topics import topic_resources
from infra.uniqueness import find_name_clashes
from lib.errors import ConfigError
from lib.sizes import SizesFile, read_sizes
from lib.watermarks import check_watermarks

# CloudFormation's limit on a stack's resources, and how many are reserved for the shared ones.
MAX_RESOURCES = 500
SHARED_RESOURCES = 120
# Serverless adds a function, its log group and its event source mapping.
RESOURCES_OF_FUNCTION = 3


def generate(given: dict[str, Any]) -> dict[str, Any]:
    """Generates the parts of serverless.yml; raises ConfigError for wrong parameters or sizes."""
    parameters = parse_parameters(given)
    file = read_sizes(parameters.sizes_file)
    check_watermarks(file)
    sizes = file.sizes
    functions, resources = _generate_sizes(parameters, file)
    if parameters.purges:
        functions |= invalidation_function(parameters, sizes)
        resources |= invalidation_resources(parameters)
    functions |= on_demand_function(parameters, sizes) | website_function(parameters, sizes)
    resources |= on_demand_resources(parameters, sizes) | website_resources(parameters, sizes)
    functions |= api_functions(parameters, sizes) | fetch_function(parameters)
    absent = find_absent_routes(functions)
    refuse_absent_routes(parameters, functions, absent)
    resources |= api_resources(parameters, sizes) | fetch_resources(parameters)
    tokens, tokens_output = tokens_secret(parameters)
    signing, signing_output = signing_keys(parameters)
    resources |= originals_resources(parameters) | delivery_resources(parameters, sizes)
    resources |= failures_bucket(parameters, sizes) | access_logs(parameters)
    resources |= topic_resources(parameters) | tokens | signing
    if clashes := find_name_clashes(functions, resources):
        raise ConfigError("\n".join(clashes))
    resources |= dashboard_resources(parameters, sizes, functions, resources)
    set_boundary(parameters, resources)
    return {
        "functions": functions,
        "resources": {
            "Resources": resources,
            "Outputs": stack_outputs(parameters, sizes)
            | tokens_output
            | signing_output
            | originals_outputs(parameters)
            | delivery_outputs(parameters)
            | on_demand_outputs(parameters)
            | console_outputs(parameters),
            **viewer_metadata(parameters),
            "extensions": stage_settings(parameters, absent),
        },
        "tracing": tracing_mode(parameters),
        "http_api": http_api(parameters),
        "left_out": _list_left_out(parameters),
        # Files to add to the zip, by their hashes.
        "watermarks": {
            str(size.watermark.sha256): str((file.folder / size.watermark.file).resolve())
            for size in sizes
            if size.watermark
        },
    }


def _list_left_out(parameters: Parameters) -> list[str]:
    """Lists the packages of requirements.txt that the stage's zip lacks."""
    heic = [] if parameters.heic else ["pillow-heif"]
    return heic + ([] if parameters.is_private else ["cryptography", "cffi", "pycparser"])


def _generate_sizes(
    parameters: Parameters, file: SizesFile
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Generates the sizes' functions and resources; raises ConfigError with all mistakes."""
    functions: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    mistakes = []
    filters = build_filters(parameters, file.sizes)
    for size in file.sizes:
        try:
            functions |= function(size, parameters)
            resources |= queue_resources(size, parameters, filters[size.name])
            resources |= role_resource(size, parameters)
            resources |= alarm_resources(size, parameters)
        except ConfigError as error:
            mistakes.append(f"{file.describe_place(size.name)}: {error}")
    mistakes += _check_number(file, resources)
    mistakes += find_path_mistakes(file, parameters.originals_prefix)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return functions, resources


def _check_number(file: SizesFile, resources: dict[str, Any]) -> list[str]:
    per_size = len(resources) // len(file.sizes) + RESOURCES_OF_FUNCTION
    max_sizes = (MAX_RESOURCES - SHARED_RESOURCES) // per_size
    if len(file.sizes) <= max_sizes:
        return []
    return [
        f"{file.file}: sizes: {len(file.sizes)} sizes at {per_size} resources each do not fit into "
        f"CloudFormation's {MAX_RESOURCES} resources a stack; the limit is {max_sizes} sizes"
    ]


def main() -> int:
    """Prints the result as JSON, or the mistakes on standard error with exit code 1."""
    try:
        json.dump(generate(json.load(sys.stdin)), sys.stdout)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
