"""A deployed stack: its outputs, and the settings of each size's function."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from lib.aws.clients import CloudFormationClient, LambdaClient
from lib.aws.error_mapping import map_access_denied
from lib.errors import ConfigError
from lib.keys import Originals

# The output of stacks whose originals are in a bucket that they did not create.
ORIGINALS_KEYS = "OriginalsKmsKeys"


class DeployedSize(NamedTuple):
    """One size's function; `memory` is in MB, `timeout` in seconds."""

    function: str
    environment: dict[str, str]
    memory: int
    timeout: int
    runtime: str

    @property
    def queue_url(self) -> str:
        """The queue that the function drains."""
        return self.environment["QUEUE_URL"]

    @property
    def invalidates(self) -> bool:
        """Whether changed variants are invalidated at the CDN, by a queue of the stage."""
        return bool(self.environment.get("PURGE_QUEUE_URL"))

    @property
    def dlq_url(self) -> str:
        """The size's dead-letter queue."""
        return self.environment["DLQ_URL"]


@dataclass(frozen=True)
class Stack:
    """A stack's outputs by name, and its sizes by name in the order of sizes.yml."""

    name: str
    outputs: dict[str, str]
    sizes: dict[str, DeployedSize]

    @property
    def originals(self) -> Originals:
        """Where the stack's originals are."""
        return get_originals(self.outputs)

    @property
    def originals_keys(self) -> list[str] | None:
        """KMS keys of an existing bucket that functions may use; None for a created bucket."""
        keys = self.outputs.get(ORIGINALS_KEYS)
        return None if keys is None else parse_originals_keys(keys)


def parse_originals_keys(value: str) -> list[str]:
    """Returns the keys in an output, which is `none` for none."""
    return [key for key in value.split(",") if key != "none"]


def get_originals(outputs: dict[str, str]) -> Originals:
    """Returns where the originals are, by a stack's outputs."""
    bucket = outputs["OriginalsBucketName"]
    # A stack that an earlier version deployed has no output for the prefix.
    uri = outputs.get("OriginalsUri", f"s3://{bucket}/originals/")
    return Originals(bucket, uri.removeprefix(f"s3://{bucket}/"))


def find_stack(cloudformation: CloudFormationClient, functions: LambdaClient, name: str) -> Stack:
    """Returns the stack; raises ConfigError if it does not exist or access is denied."""
    with map_access_denied(f"describe the stack {name}"):
        outputs = _get_outputs(cloudformation, name)
        sizes = {
            size: _get_deployed_size(functions, f"{name}-resize-{size}")
            for size in json.loads(outputs["Sizes"])
        }
    return Stack(name, outputs, sizes)


def get_template(cloudformation: CloudFormationClient, name: str) -> dict[str, Any]:
    """Returns the template that a stack was deployed with; ConfigError if there is no stack."""
    with map_access_denied(f"read the template of the stack {name}"):
        # It says of which region there is no stack.
        _get_outputs(cloudformation, name)
        body: Any = cloudformation.get_template(StackName=name)["TemplateBody"]
    # boto3 parses a template in JSON, unless an emulator sends it as other text.
    return json.loads(body) if isinstance(body, str) else dict(body)


def get_upload_settings(functions: LambdaClient, name: str) -> dict[str, str]:
    """Returns the environment of a stack's uploads function."""
    function = f"{name}-uploads"
    with map_access_denied(f"read the settings of {function}"):
        response = functions.get_function_configuration(FunctionName=function)
    return response["Environment"]["Variables"]


def describe_stack(cloudformation: CloudFormationClient, name: str) -> dict[str, Any] | None:
    """Returns CloudFormation's description of a stack; None if there is no such stack."""
    with map_access_denied(f"describe the stack {name}"):
        try:
            (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
    return dict(stack)


def find_outputs(cloudformation: CloudFormationClient, name: str) -> dict[str, str] | None:
    """Returns a stack's outputs by name; None if there is no such stack."""
    stack = describe_stack(cloudformation, name)
    if stack is None:
        return None
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _get_outputs(cloudformation: CloudFormationClient, name: str) -> dict[str, str]:
    outputs = find_outputs(cloudformation, name)
    if outputs is None:
        raise ConfigError(
            f"There is no stack {name} in {cloudformation.meta.region_name}: "
            "name another --stage or --region, or deploy it"
        )
    return outputs


def _get_deployed_size(functions: LambdaClient, name: str) -> DeployedSize:
    response = functions.get_function_configuration(FunctionName=name)
    return DeployedSize(
        name,
        response["Environment"]["Variables"],
        response["MemorySize"],
        response["Timeout"],
        response["Runtime"],
    )
