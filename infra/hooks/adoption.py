"""Before a deploy: buckets that an earlier stack left behind are taken into the new one, if asked.

`sls remove` leaves the buckets, with every photo in them. Their names are the next stack's too, so
that its deploy would fail half-way; it is stopped before it begins, or given a stack that has them.
"""

import re
from typing import TYPE_CHECKING, Any

import boto3

from lib.aws.buckets import exists
from lib.aws.error_mapping import map_errors
from lib.aws.resource_import import has_stack, import_buckets
from lib.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

# What a pseudo parameter of CloudFormation stands for, by its name.
Pseudo = dict[str, str]


def adopt_buckets(given: dict[str, Any]) -> list[str]:
    """Says which buckets were taken in, and what to do; ConfigError as `adopt` has it."""
    cloudformation = boto3.client("cloudformation")
    with map_errors("asking whose account this is"):
        account = boto3.client("sts").get_caller_identity()["Account"]
    pseudo = {"AWS::AccountId": account, "AWS::Region": cloudformation.meta.region_name}
    wanted = named_buckets(given["template"], pseudo)
    adopted = adopt(
        cloudformation, boto3.client("s3"), given["stack"], wanted, asked=given["adopt"]
    )
    if not adopted:
        return []
    return [
        *(f"Adopted {name}" for name in adopted),
        "Nobody heard of uploads since the stack was removed: after this deploy, have them",
        "looked for by ./fanout audit --repair",
    ]


def adopt(
    cloudformation: "CloudFormationClient",
    s3: "S3Client",
    stack: str,
    wanted: dict[str, str],
    *,
    asked: bool,
) -> list[str]:
    """Names of the buckets that are taken into a new stack; `wanted` are names by logical id.

    Nothing is done where the stack is there already: then its buckets are its own. Raises
    ConfigError where buckets are in the way and nobody `asked` to adopt them.
    """
    if has_stack(cloudformation, stack):
        return []
    left = {logical: name for logical, name in wanted.items() if exists(s3, name)}
    if left and not asked:
        raise ConfigError(
            f"There is no stack {stack}, but buckets of its names, left by an earlier one:\n"
            + "".join(f"  {name}\n" for name in left.values())
            + "To take them in with all that is in them, and go on:\n"
            '  sls deploy --param="adopt=true"\n'
            "To begin anew, empty and delete them first, or name another stage."
        )
    if left:
        import_buckets(cloudformation, stack, left)
    return list(left.values())


def named_buckets(template: dict[str, Any], pseudo: Pseudo) -> dict[str, str]:
    """Names of the template's buckets by logical id, of those that have a fixed name."""
    return {
        logical: _resolved(resource["Properties"]["BucketName"], pseudo)
        for logical, resource in template["Resources"].items()
        if resource["Type"] == "AWS::S3::Bucket" and "BucketName" in resource["Properties"]
    }


def _resolved(name: str | dict[str, str], pseudo: Pseudo) -> str:
    if isinstance(name, str):
        return name
    return re.sub(r"\$\{([\w:]+)\}", lambda match: pseudo[match[1]], name["Fn::Sub"])
