"""Buckets that a removed stack left behind: refused, or taken into the new one."""

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from infra.hooks.adoption import adopt, find_named_buckets
from lib.errors import ConfigError
from lib.operations.stage_commands import StageCommands
from tests.integration.conftest import REGION
from tests.integration.deployed import refuse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEMPLATE = {
    "Resources": {
        "OriginalsBucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": {"Fn::Sub": "originals-${AWS::AccountId}-${AWS::Region}"},
                "VersioningConfiguration": {"Status": "Enabled"},
            },
        },
        "ImagesBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "images"}},
        "LogsBucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "topic"}},
    }
}
PSEUDO = {"AWS::AccountId": "123456789012", "AWS::Region": "eu-west-1"}
BUCKETS = find_named_buckets(TEMPLATE, PSEUDO)
ORIGINALS = "originals-123456789012-eu-west-1"
COMMANDS = StageCommands("dev")
MISSING = ("ValidationError", "Stack x does not exist")


def make(s3: "S3Client", name: str) -> None:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def test_buckets_are_known_by_the_names_they_will_have() -> None:
    assert BUCKETS == {"OriginalsBucket": ORIGINALS, "ImagesBucket": "images"}


def test_a_first_deploy_finds_nothing_in_its_way(s3: "S3Client") -> None:
    assert (
        adopt(boto3.client("cloudformation"), s3, "x", BUCKETS, requested=False, commands=COMMANDS)
        == []
    )
    assert (
        adopt(boto3.client("cloudformation"), s3, "x", BUCKETS, requested=True, commands=COMMANDS)
        == []
    )


def test_buckets_in_the_way_stop_a_deploy_that_did_not_ask(s3: "S3Client") -> None:
    make(s3, ORIGINALS)
    with pytest.raises(
        ConfigError,
        match=rf'no stack x, .*\n  {ORIGINALS}\n(.|\n)*deploy --stage dev --param="adopt=true"',
    ):
        adopt(boto3.client("cloudformation"), s3, "x", BUCKETS, requested=False, commands=COMMANDS)


def test_a_stack_that_is_there_has_its_buckets(s3: "S3Client") -> None:
    make(s3, ORIGINALS)
    cloudformation = boto3.client("cloudformation")
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    cloudformation.create_stack(StackName="x", TemplateBody=body)
    assert adopt(cloudformation, s3, "x", BUCKETS, requested=False, commands=COMMANDS) == []
    assert adopt(cloudformation, s3, "x", BUCKETS, requested=True, commands=COMMANDS) == []


def test_a_bucket_that_may_not_be_read_stops_the_deploy(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "HeadBucket", "403")
    with pytest.raises(ConfigError, match=f"may not look at the bucket {ORIGINALS}"):
        adopt(boto3.client("cloudformation"), s3, "x", BUCKETS, requested=True, commands=COMMANDS)


def test_asked_it_makes_a_stack_of_those_that_are_there_and_changes_nothing_about_them(
    s3: "S3Client",
) -> None:
    make(s3, ORIGINALS)
    cloudformation = boto3.client("cloudformation")
    with Stubber(cloudformation) as aws:
        planned(aws)
        aws.add_response("execute_change_set", {}, {"StackName": "x", "ChangeSetName": ANY})
        aws.add_response("describe_stacks", {"Stacks": [stack("IMPORT_COMPLETE")]})
        assert adopt(cloudformation, s3, "x", BUCKETS, requested=True, commands=COMMANDS) == [
            ORIGINALS
        ]
        aws.assert_no_pending_responses()


def test_a_stack_that_was_only_planned_is_none(s3: "S3Client") -> None:
    make(s3, ORIGINALS)
    cloudformation = boto3.client("cloudformation")
    with Stubber(cloudformation) as aws:
        aws.add_response("describe_stacks", {"Stacks": [stack("REVIEW_IN_PROGRESS")]})
        with pytest.raises(ConfigError, match="adopt=true"):
            adopt(cloudformation, s3, "x", BUCKETS, requested=False, commands=COMMANDS)


def test_an_error_of_cloudformation_is_reported_with_its_reason(s3: "S3Client") -> None:
    make(s3, ORIGINALS)
    cloudformation = boto3.client("cloudformation")
    with Stubber(cloudformation) as aws:
        planned(aws, Status="FAILED", StatusReason="originals already belongs to stack y")
        with pytest.raises(ConfigError, match=f"not import {ORIGINALS} .*belongs to stack y"):
            adopt(cloudformation, s3, "x", BUCKETS, requested=True, commands=COMMANDS)


def stack(status: str) -> dict[str, Any]:
    return {"StackName": "x", "CreationTime": "2026-11-21", "StackStatus": status}


def planned(aws: Stubber, **attributes: str) -> None:
    """CloudFormation is asked to import one bucket, and answers."""
    template = {
        "Resources": {
            "OriginalsBucket": {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"BucketName": ORIGINALS},
            }
        }
    }
    asked = {
        "StackName": "x",
        "ChangeSetName": ANY,
        "ChangeSetType": "IMPORT",
        "TemplateBody": json.dumps(template),
        "ResourcesToImport": [
            {
                "ResourceType": "AWS::S3::Bucket",
                "LogicalResourceId": "OriginalsBucket",
                "ResourceIdentifier": {"BucketName": ORIGINALS},
            }
        ],
    }
    aws.add_client_error("describe_stacks", *MISSING)
    aws.add_response("create_change_set", {"Id": "arn"}, asked)
    aws.add_response("describe_change_set", {"Status": "CREATE_COMPLETE", **attributes})
