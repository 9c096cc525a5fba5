"""Buckets that belong to no stack, taken into a new one."""

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError, WaiterError

from lib.aws.error_mapping import map_errors
from lib.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# Seconds between two looks, and looks: CloudFormation reads a few buckets in less than a minute.
_WAITING: Any = {"Delay": 3, "MaxAttempts": 100}


def has_stack(cloudformation: "CloudFormationClient", name: str) -> bool:
    """Whether there is such a stack. One that was only planned does not count."""
    with map_errors(f"describing the stack {name}"):
        try:
            (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return False
            raise
    return stack["StackStatus"] != "REVIEW_IN_PROGRESS"


def import_buckets(
    cloudformation: "CloudFormationClient", stack: str, buckets: dict[str, str]
) -> None:
    """Make a stack of these buckets (names by logical id), changing nothing about them.

    ConfigError with CloudFormation's reason where it refuses.
    """
    template = {
        "Resources": {
            logical: {
                "Type": "AWS::S3::Bucket",
                # Whatever becomes of the stack, the bucket stays.
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"BucketName": name},
            }
            for logical, name in buckets.items()
        }
    }
    change = f"adopt-{uuid4().hex}"
    with map_errors(f"importing buckets into {stack}"):
        try:
            cloudformation.create_change_set(
                StackName=stack,
                ChangeSetName=change,
                ChangeSetType="IMPORT",
                TemplateBody=json.dumps(template),
                ResourcesToImport=[
                    {
                        "ResourceType": "AWS::S3::Bucket",
                        "LogicalResourceId": logical,
                        "ResourceIdentifier": {"BucketName": name},
                    }
                    for logical, name in buckets.items()
                ],
            )
            planned = cloudformation.get_waiter("change_set_create_complete")
            planned.wait(StackName=stack, ChangeSetName=change, WaiterConfig=_WAITING)
            cloudformation.execute_change_set(StackName=stack, ChangeSetName=change)
            done = cloudformation.get_waiter("stack_import_complete")
            done.wait(StackName=stack, WaiterConfig=_WAITING)
        except WaiterError as error:
            reason = error.last_response.get("StatusReason", error)
            raise ConfigError(
                f"CloudFormation did not import {', '.join(buckets.values())} into {stack}: "
                f"{reason}"
            ) from error
