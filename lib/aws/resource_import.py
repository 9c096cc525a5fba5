"""CloudFormation import of existing buckets into a new stack."""

import json
from typing import Any
from uuid import uuid4

from botocore.exceptions import WaiterError

from lib.aws.clients import CloudFormationClient
from lib.aws.error_mapping import map_errors
from lib.aws.stacks import describe_stack
from lib.errors import ConfigError

# Seconds between two polls, and polls: CloudFormation imports a few buckets within a minute.
_WAITER_CONFIG: Any = {"Delay": 3, "MaxAttempts": 100}


def has_stack(cloudformation: CloudFormationClient, name: str) -> bool:
    """Returns whether the stack exists; one with only a change set in review does not count."""
    stack = describe_stack(cloudformation, name)
    return stack is not None and stack["StackStatus"] != "REVIEW_IN_PROGRESS"


def import_buckets(
    cloudformation: CloudFormationClient, stack: str, buckets: dict[str, str]
) -> None:
    """Creates a stack of these buckets (names by logical id) without changing them.

    Raises ConfigError with CloudFormation's reason if the import fails.
    """
    template = {
        "Resources": {
            logical: {
                "Type": "AWS::S3::Bucket",
                # Deleting the stack must not delete the bucket.
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"BucketName": name},
            }
            for logical, name in buckets.items()
        }
    }
    change_set = f"adopt-{uuid4().hex}"
    with map_errors(f"importing buckets into {stack}"):
        try:
            cloudformation.create_change_set(
                StackName=stack,
                ChangeSetName=change_set,
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
            creation = cloudformation.get_waiter("change_set_create_complete")
            creation.wait(StackName=stack, ChangeSetName=change_set, WaiterConfig=_WAITER_CONFIG)
            cloudformation.execute_change_set(StackName=stack, ChangeSetName=change_set)
            completion = cloudformation.get_waiter("stack_import_complete")
            completion.wait(StackName=stack, WaiterConfig=_WAITER_CONFIG)
        except WaiterError as error:
            reason = error.last_response.get("StatusReason", error)
            raise ConfigError(
                f"CloudFormation did not import {', '.join(buckets.values())} into {stack}: "
                f"{reason}"
            ) from error
