"""Generates serverless.yml's functions and resources from sizes.yml and the stage's parameters.

Run as `python -m infra.generate` with the parameters as JSON on standard input.
"""

import json
import sys
from typing import Any

from infra.alarms import alarm_resources
from infra.api.auth import tokens_secret
from infra.api.routes import api, http_api, refuse_absent_routes
from infra.api.throttles import find_absent_routes, stage_settings
from infra.buckets.failures import failures_bucket
from infra.buckets.originals import originals_resources
from infra.buckets.resources import access_logs
from infra.dashboard import dashboard_resources
from infra.delivery.resources import delivery_outputs, delivery_resources
from infra.delivery.viewers import viewer_metadata
from infra.filters import build_filters
from infra.functions import Part, join
from infra.invalidations import invalidations
from infra.on_demand.functions import on_demand
from infra.on_demand.signing import signing_keys
from infra.on_demand.website import website
from infra.originals import originals_outputs
from infra.outputs import stack_outputs
from infra.parameters import Parameters, parse_parameters
from infra.path_checks import find_path_mistakes
from infra.queues import queue_resources
from infra.topics import topic_resources
from infra.workers import worker
from lib.errors import ConfigError
from lib.sizes import SizesFile, read_sizes

# CloudFormation's limit on a stack's resources, and how many are reserved for the shared ones.
MAX_RESOURCES = 500
SHARED_RESOURCES = 120
# Serverless adds a function, its log group and its event source mapping.
RESOURCES_OF_FUNCTION = 3


def generate(given: dict[str, Any]) -> dict[str, Any]:
    """Generates the parts of serverless.yml; raises ConfigError for wrong parameters or sizes."""
    parameters = parse_parameters(given)
    file = read_sizes(parameters.sizes_file)
    sizes = file.sizes
    if any(size.watermark for size in sizes):
        # Most stages have none, and the decoders take half the time of the imports.
        from lib.watermarks import check_watermarks  # noqa: PLC0415

        check_watermarks(file)
    stack = join(
        _generate_sizes(parameters, file),
        invalidations(parameters, sizes),
        on_demand(parameters, sizes),
        website(parameters, sizes),
        api(parameters, sizes),
        tokens_secret(parameters),
        signing_keys(parameters),
        Part(resources=originals_resources(parameters), outputs=originals_outputs(parameters)),
        Part(resources=delivery_resources(parameters, sizes), outputs=delivery_outputs(parameters)),
        Part(resources=failures_bucket(parameters, sizes) | access_logs(parameters)),
        Part(resources=topic_resources(parameters), outputs=stack_outputs(parameters, sizes)),
    )
    absent = find_absent_routes(stack.functions)
    refuse_absent_routes(parameters, stack.functions, absent)
    stack.resources |= dashboard_resources(parameters, sizes, stack.functions, stack.resources)
    return {
        "functions": stack.functions,
        "resources": {
            "Resources": stack.resources,
            "Outputs": stack.outputs,
            **viewer_metadata(parameters),
            "extensions": stage_settings(parameters, absent),
        },
        "tracing": "Active" if parameters.xray else "PassThrough",
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


def _generate_sizes(parameters: Parameters, file: SizesFile) -> Part:
    """Generates the sizes' functions and resources; raises ConfigError with all mistakes."""
    parts, mistakes = [], []
    filters = build_filters(parameters, file.sizes)
    for size in file.sizes:
        try:
            parts.append(worker(size, parameters))
        except ConfigError as error:
            mistakes.append(f"{file.describe_place(size.name)}: {error}")
        queues = queue_resources(size, parameters, filters[size.name])
        parts.append(Part(resources=queues | alarm_resources(size, parameters)))
    part = join(*parts)
    mistakes += _check_number(file, part.resources)
    mistakes += find_path_mistakes(file, parameters.originals_prefix)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return part


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
