"""A deployed stack as AWS tells of it: its outputs, and each size's function's settings."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from lib.aws.error_mapping import map_access_denied
from lib.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient


class DeployedSize(NamedTuple):
    """One size's function: its name, its settings by environment variable, its limits.

    `memory` is in MB, `timeout` in seconds.
    """

    function: str
    environment: dict[str, str]
    memory: int
    timeout: int
    runtime: str

    @property
    def queue_url(self) -> str:
        """The queue that it drains."""
        return self.environment["QUEUE_URL"]

    @property
    def dlq_url(self) -> str:
        """Where it parks what it cannot render."""
        return self.environment["DLQ_URL"]


@dataclass(frozen=True)
class Stack:
    """Outputs by name, and the sizes that are deployed, by name in the order of sizes.yml."""

    name: str
    outputs: dict[str, str]
    sizes: dict[str, DeployedSize]


def find_stack(
    cloudformation: "CloudFormationClient", functions: "LambdaClient", name: str
) -> Stack:
    """The stack of this name; ConfigError where there is none or it may not be looked at."""
    with map_access_denied(f"describe the stack {name}"):
        outputs = _outputs(cloudformation, name)
        sizes = {
            size: _deployed_size(functions, f"{name}-resize-{size}")
            for size in json.loads(outputs["Sizes"])
        }
    return Stack(name, outputs, sizes)


def upload_settings(functions: "LambdaClient", name: str) -> dict[str, str]:
    """The environment of the function that gives out tickets, in the stack of this name."""
    function = f"{name}-uploads"
    with map_access_denied(f"read the settings of {function}"):
        told = functions.get_function_configuration(FunctionName=function)
    return told["Environment"]["Variables"]


def _outputs(cloudformation: "CloudFormationClient", name: str) -> dict[str, str]:
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            raise ConfigError(
                f"There is no stack {name} in {cloudformation.meta.region_name}: "
                "name another --stage or --region, or deploy it"
            ) from error
        raise
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def _deployed_size(functions: "LambdaClient", name: str) -> DeployedSize:
    told = functions.get_function_configuration(FunctionName=name)
    return DeployedSize(
        name,
        told["Environment"]["Variables"],
        told["MemorySize"],
        told["Timeout"],
        told["Runtime"],
    )
