"""What rules ask about a template, and Guard cannot work out: it neither divides nor joins."""

import json
from typing import Any

from infra.naming import of_type

Facts = dict[str, dict[str, Any]]


def facts_of(template: dict[str, Any]) -> Facts:
    """Facts about queues that a function drains, buckets, and environments, by logical id."""
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
        kept, dlq_kept = queue.get("MessageRetentionPeriod"), dlq.get("MessageRetentionPeriod")
        facts[queue_id] = {
            "TimeoutsHidden": queue.get("VisibilityTimeout", 0) // timeout,
            "Receives": redrive.get("maxReceiveCount", 0),
            "DlqRetention": dlq_kept or 0,
            "OutlivedByDlq": (dlq_kept or 0) > (kept or 0),
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
        if resource["Type"] == "AWS::S3::Bucket" and not _is_website_of_pictures(logical, resource)
    }


def _environments(resources: dict[str, Any]) -> dict[str, Any]:
    """Each function's environment as text: a value may be one of CloudFormation's functions."""
    return {
        logical: {"Text": json.dumps(resource["Properties"].get("Environment", {}))}
        for logical, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def _is_website_of_pictures(logical: str, resource: dict[str, Any]) -> bool:
    """S3's websites speak nothing but plain http; no other bucket has an excuse."""
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
    """Logical id that a Ref or an Fn::GetAtt names; "" for none."""
    match reference:
        case {"Ref": str(logical)} | {"Fn::GetAtt": [str(logical), *_]}:
            return logical
    return ""
