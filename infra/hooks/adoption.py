"""Imports the buckets of a removed stack into a new one before a deploy, on request.

`sls remove` retains the buckets with all photos. The next stack's buckets have the same names, so
its deploy would fail halfway: the hook stops it before, or imports the buckets.
"""

import re
from typing import TYPE_CHECKING, Any

import boto3

from lib.aws.buckets import exists
from lib.aws.error_mapping import map_errors
from lib.aws.resource_import import has_stack, import_buckets
from lib.errors import ConfigError
from lib.operations.stage_commands import StageCommands

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

# Values of CloudFormation's pseudo parameters, by their names.
PseudoParameters = dict[str, str]


def adopt_buckets(given: dict[str, Any]) -> list[str]:
    """Imports buckets as `adopt` does; returns lines that name them and the next step."""
    cloudformation = boto3.client("cloudformation")
    with map_errors("asking whose account this is"):
        account = boto3.client("sts").get_caller_identity()["Account"]
    pseudo = {"AWS::AccountId": account, "AWS::Region": cloudformation.meta.region_name}
    buckets = find_named_buckets(given["template"], pseudo)
    commands = StageCommands(given["stage"], given["region"])
    adopted = adopt(
        cloudformation,
        boto3.client("s3"),
        given["stack"],
        buckets,
        requested=given["adopt"],
        commands=commands,
    )
    if not adopted:
        return []
    return [
        *(f"Adopted {name}" for name in adopted),
        "Workers were not notified of uploads since the stack was removed. After this deploy, "
        "render those:",
        f"  {commands.fanout('audit', '--repair')}",
    ]


def adopt(
    cloudformation: "CloudFormationClient",
    s3: "S3Client",
    stack: str,
    buckets: dict[str, str],
    *,
    requested: bool,
    commands: StageCommands,
) -> list[str]:
    """Creates the stack with those of the buckets that exist, and returns their names.

    `buckets` are names by logical id. If the stack exists, nothing is imported: its buckets are its
    own. Raises ConfigError if buckets exist without their stack and adoption is not `requested`.
    """
    if has_stack(cloudformation, stack):
        return []
    retained = {logical: name for logical, name in buckets.items() if exists(s3, name)}
    if retained and not requested:
        raise ConfigError(
            f"There is no stack {stack}, but buckets of its names, left by an earlier one:\n"
            + "".join(f"  {name}\n" for name in retained.values())
            + "To adopt them with their contents, and go on:\n"
            f'  npx sls deploy {commands.options} --param="adopt=true"\n'
            "To begin anew, empty and delete them first, or name another stage."
        )
    if retained:
        import_buckets(cloudformation, stack, retained)
    return list(retained.values())


def find_named_buckets(template: dict[str, Any], pseudo: PseudoParameters) -> dict[str, str]:
    """Returns the names, by logical id, of the template's buckets that have a fixed name."""
    return {
        logical: _resolve(resource["Properties"]["BucketName"], pseudo)
        for logical, resource in template["Resources"].items()
        if resource["Type"] == "AWS::S3::Bucket" and "BucketName" in resource["Properties"]
    }


def _resolve(name: str | dict[str, str], pseudo: PseudoParameters) -> str:
    if isinstance(name, str):
        return name
    return re.sub(r"\$\{([\w:]+)\}", lambda match: pseudo[match[1]], name["Fn::Sub"])
