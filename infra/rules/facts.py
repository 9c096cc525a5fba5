"""Facts about a template for the rules: Guard can neither calculate nor join resources."""

import json
from typing import Any

from infra.naming import of_type

Facts = dict[str, dict[str, Any]]


def facts_of(template: dict[str, Any]) -> Facts:
    """Returns facts about drained queues, buckets and environments, by logical id."""
    resources = template["Resources"]
    return {
        "Drained": _drained(resources),
        "Buckets": _buckets(resources),
        "Environments": _environments(resources),
    }


def _drained(resources: dict[str, Any]) -> dict[str, Any]:
    facts = {}
    for mapping in of_type(resources, "AWS::Lambda::EventSourceMapping"):
        queue_id = _target(mapping["EventSourceArn"])
        queue = resources[queue_id]["Properties"]
        timeout = resources[_target(mapping["FunctionName"])]["Properties"]["Timeout"]
        redrive = queue.get("RedrivePolicy", {})
        dlq = resources.get(_target(redrive.get("deadLetterTargetArn")), {}).get("Properties", {})
        retention = queue.get("MessageRetentionPeriod", 0)
        dlq_retention = dlq.get("MessageRetentionPeriod", 0)
        facts[queue_id] = {
            "TimeoutsHidden": queue.get("VisibilityTimeout", 0) // timeout,
            "Receives": redrive.get("maxReceiveCount", 0),
            "DlqRetention": dlq_retention,
            "OutlivedByDlq": dlq_retention > retention,
        }
    return facts


def _buckets(resources: dict[str, Any]) -> dict[str, Any]:
    refusing = {
        _target(policy["Bucket"])
        for policy in of_type(resources, "AWS::S3::BucketPolicy")
        if any(_refuses_http(each) for each in policy["PolicyDocument"]["Statement"])
    }
    return {
        logical: {"RefusesHttp": logical in refusing}
        for logical, resource in resources.items()
        if resource["Type"] == "AWS::S3::Bucket" and not _is_images_website(logical, resource)
    }


def _environments(resources: dict[str, Any]) -> dict[str, Any]:
    """Returns each function's environment as text: a value may be an intrinsic function."""
    return {
        logical: {"Text": json.dumps(resource["Properties"].get("Environment", {}))}
        for logical, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def _is_images_website(logical: str, resource: dict[str, Any]) -> bool:
    """Returns whether the bucket is the images' website, which can serve plain http only."""
    return logical == "ImagesBucket" and "WebsiteConfiguration" in resource["Properties"]


def _refuses_http(statement: dict[str, Any]) -> bool:
    secure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return (
        statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement["Action"] == "s3:*"
        and secure in ("false", False)
    )


def _target(reference: Any) -> str:
    """Returns the logical id in a Ref or an Fn::GetAtt; "" for anything else."""
    match reference:
        case {"Ref": str(logical)} | {"Fn::GetAtt": [str(logical), *_]}:
            return logical
    return ""
