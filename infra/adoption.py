"""Before a deploy: buckets that an earlier stack left behind are taken into the new one, if asked.

`sls remove` leaves the buckets, with every photo in them. Their names are the next stack's too, so
that its deploy would fail half-way; it is stopped before it begins, or given a stack that has them.
Run as `python -m infra.adoption STACK REGION` with {"template": ..., "adopt": bool} on standard
input.
"""

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import boto3

from lib.aws.buckets import exists
from lib.aws.failures import translated
from lib.aws.imports import has_stack, import_buckets
from lib.errors import ConfigError, FanoutError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

# What a pseudo parameter of CloudFormation stands for, by its name.
Pseudo = dict[str, str]


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


def main() -> int:
    """Exit code 1, and the reason on standard error, where the deploy must not go on."""
    stack, region = sys.argv[1:3]
    given = json.load(sys.stdin)
    try:
        with translated("asking whose account this is"):
            account = boto3.client("sts", region_name=region).get_caller_identity()["Account"]
        pseudo = {"AWS::AccountId": account, "AWS::Region": region}
        adopted = adopt(
            boto3.client("cloudformation", region_name=region),
            boto3.client("s3", region_name=region),
            stack,
            named_buckets(given["template"], pseudo),
            asked=given["adopt"],
        )
    except FanoutError as error:
        print(error, file=sys.stderr)
        return 1
    for name in adopted:
        print(f"Adopted {name}")
    if adopted:
        print("Nobody heard of uploads since the stack was removed: after this deploy, have them")
        print("looked for by ./fanout audit --repair")
    return 0


if __name__ == "__main__":
    sys.exit(main())
