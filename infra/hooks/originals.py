"""A bucket that exists, as the bucket of the originals: around a deploy, and before a removal.

CloudFormation does not own the bucket, so these hooks check it, add the stage's notification to it
after a deploy, and take that away before a removal or once the stage has another bucket.
"""

from typing import Any

import boto3

from lib.aws.buckets import exists
from lib.aws.error_mapping import map_errors
from lib.aws.stacks import ORIGINALS_KEYS, find_outputs, parse_originals_keys
from lib.errors import ConfigError
from lib.keys import Originals
from lib.operations.doctor.existing_bucket import ExistingBucket, check_existing_bucket
from lib.operations.doctor.findings import Level
from lib.operations.originals.connection import Connection
from lib.operations.originals.entries import OwnEntry
from lib.operations.stage_commands import StageCommands


def prepare(given: dict[str, Any]) -> list[str]:
    """Checks the bucket before a deploy; returns lines with warnings.

    Raises ConfigError if the bucket cannot be used.
    """
    outputs = find_outputs(boto3.client("cloudformation"), given["stack"]) or {}
    originals = find_existing(given["template"])
    if originals is None:
        if ORIGINALS_KEYS in outputs:
            _require_free_name(f"{given['stack']}-originals-{_get_account()}-{given['region']}")
        return []
    lines = _check(given, originals, outputs)
    earlier = outputs.get("OriginalsBucketName", originals.bucket)
    if earlier != originals.bucket:
        _connect_to(given["stack"], outputs).remember(earlier)
    return lines


def connect(given: dict[str, Any]) -> list[str]:
    """Adds the notification after a deploy, and takes it from an earlier bucket; returns lines."""
    outputs = find_outputs(boto3.client("cloudformation"), given["stack"])
    if outputs is None:
        return []
    connection = _connect_to(given["stack"], outputs)
    originals = find_existing(given["template"])
    if originals is None:
        return connection.disconnect(created=outputs["OriginalsBucketName"])
    lines = connection.connect(originals)
    if lines:
        backfill = StageCommands(given["stage"], given["region"]).fanout("backfill", "--all-sizes")
        lines.append(f"To render the photos that are there already, price first: {backfill}")
    return lines


def disconnect(given: dict[str, Any]) -> list[str]:
    """Takes the notification away before a removal, while its topic exists; returns lines."""
    outputs = find_outputs(boto3.client("cloudformation"), given["stack"])
    if not outputs or "TopicArn" not in outputs:
        return []
    return _connect_to(given["stack"], outputs).disconnect()


def find_existing(template: dict[str, Any]) -> Originals | None:
    """Returns where a template's originals are, if in a bucket that it does not create."""
    outputs = template.get("Outputs", {})
    bucket = outputs.get("OriginalsBucketName", {}).get("Value")
    if not isinstance(bucket, str):
        return None
    uri = outputs["OriginalsUri"]["Value"]
    return Originals(bucket, uri.removeprefix(f"s3://{bucket}/"))


def _check(given: dict[str, Any], originals: Originals, outputs: dict[str, str]) -> list[str]:
    stack, region, account = given["stack"], given["region"], _get_account()
    partition = boto3.Session().get_partition_for_region(region)
    topic_arn = outputs.get("TopicArn", f"arn:{partition}:sns:{region}:{account}:{stack}")
    keys = parse_originals_keys(given["template"]["Outputs"][ORIGINALS_KEYS]["Value"])
    own = OwnEntry(stack, topic_arn, originals.prefix)
    bucket = ExistingBucket(originals, region, account, keys, own)
    commands = StageCommands(given["stage"], region)
    s3 = boto3.client("s3")
    findings = list(check_existing_bucket(s3, bucket, commands, in_use=False))
    problems = [each for each in findings if each.level is Level.PROBLEM]
    if problems:
        raise ConfigError(
            "The bucket of originals_bucket cannot be used:\n"
            + "\n".join(f"{each.what}: {each.why}.\n  {each.cure}" for each in problems)
        )
    warnings = [each for each in findings if each.level is Level.WARNING]
    return [f"Warning: {each.what}: {each.why}. Cure: {each.cure}" for each in warnings]


def _require_free_name(bucket: str) -> None:
    """Raises ConfigError if the bucket that the stack would create has outlived an earlier one."""
    if exists(boto3.client("s3"), bucket):
        raise ConfigError(
            f"Without originals_bucket the stack creates the bucket {bucket}, and it exists "
            "already, from before originals_bucket was set. To use it with its photos, set "
            f"originals_bucket: {bucket}. To begin anew, empty and delete it first"
        )


def _connect_to(stack: str, outputs: dict[str, str]) -> Connection:
    return Connection(boto3.client("s3"), boto3.client("sns"), stack, outputs["TopicArn"])


def _get_account() -> str:
    with map_errors("asking whose account this is"):
        return str(boto3.client("sts").get_caller_identity()["Account"])
