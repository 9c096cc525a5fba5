"""sizes.yml -> the functions and resources that serverless.yml takes in for each size.

Run as `python -m infra.generate` with the stage's parameters as JSON on standard input.
"""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from infra.alarms import alarm_resources
from infra.functions import function, role_resource
from infra.numbers import MAX_DELAY, Numbers
from infra.purges import purge_function, purge_resources
from infra.queues import queue_resources
from lib.errors import ConfigError
from lib.sizes import Size, load_sizes

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# CloudFormation's limit on a stack, and what of it the rest of the stack may come to take.
MAX_RESOURCES = 500
SHARED_RESOURCES = 60
# What Serverless adds for a function: itself, its log group, its event source mapping.
RESOURCES_OF_FUNCTION = 3
# Bucket names end at 63 characters: image-fanout-<stage>-originals-<account>-<region> leaves 12.
_STAGE = re.compile(r"^[a-z][a-z0-9-]{0,11}$")


class Parameters(BaseModel):
    """What serverless.yml hands over."""

    model_config = ConfigDict(extra="forbid")

    service: str
    stage: str
    sizes_file: str
    # Ten photos in less than 10 s are not to be had.
    timeout: int = Field(ge=10)
    # AWS's own bounds on an event source mapping's maximum concurrency.
    max_concurrency: int = Field(ge=2, le=1000)
    landing: int = Field(ge=1)
    # Whether CloudFront is told of variants that change.
    purge: bool

    @model_validator(mode="after")
    def _purge_outlasts_its_writer(self) -> Self:
        if self.timeout + self.landing > MAX_DELAY:
            raise ValueError(
                f"timeout and landing: {self.timeout} and {self.landing} seconds are together "
                f"more than {MAX_DELAY}, which is how long SQS can delay a purge"
            )
        return self


def generate(given: dict[str, Any]) -> dict[str, Any]:
    """Functions, resources and names of the sizes; ConfigError where the input is wrong."""
    parameters = _checked(given)
    sizes = load_sizes(parameters.sizes_file)
    prefix = f"{parameters.service}-{parameters.stage}"
    numbers = Numbers(parameters.timeout, parameters.max_concurrency, parameters.landing)
    functions: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    purge = parameters.purge
    mistakes = []
    for size in sizes:
        try:
            functions |= function(size, prefix, numbers, purge=purge)
            resources |= _resources(size, prefix, numbers, purge=purge)
        except ConfigError as error:
            mistakes.append(f"{Path(parameters.sizes_file).name}: sizes {error}")
    mistakes += _too_many(sizes, resources, Path(parameters.sizes_file).name)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    if purge:
        functions |= purge_function(prefix)
        resources |= purge_resources(prefix)
    return {
        "functions": functions,
        "resources": {"Resources": resources},
        "names": json.dumps([size.name for size in sizes]),
    }


def _checked(given: dict[str, Any]) -> Parameters:
    try:
        parameters = Parameters.model_validate(given)
    except ValidationError as error:
        raise ConfigError(
            "\n".join(f"serverless.yml: params: {_told(each)}" for each in error.errors())
        ) from error
    if not _STAGE.match(parameters.stage):
        raise ConfigError(
            f"--stage: {parameters.stage!r} must be 1 to 12 lower-case letters, digits or '-', "
            "beginning with a letter: bucket names are made of it"
        )
    return parameters


def _told(mistake: "ErrorDetails") -> str:
    said = mistake["msg"].removeprefix("Value error, ")
    if not mistake["loc"]:
        return said
    return f"{'.'.join(map(str, mistake['loc']))}: {said}, got {mistake['input']!r}"


def _resources(size: Size, prefix: str, numbers: Numbers, *, purge: bool) -> dict[str, Any]:
    return (
        queue_resources(size, prefix, numbers)
        | role_resource(size, prefix, purge=purge)
        | alarm_resources(size, prefix, numbers)
    )


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
