"""Finds resources of a template that would have one name.

Logical ids are unique by construction (infra/naming.py), and CloudFormation compares nothing else
before a deploy: two queues of one name would fail it halfway, or share their messages.
lib/sizes refuses sizes that would give them.
"""

from collections.abc import Iterator
from typing import Any

Resources = dict[str, Any]

# The property of each type that holds a resource's name in AWS.
NAMED_BY = {
    "AWS::CloudFront::CachePolicy": "CachePolicyConfig.Name",
    "AWS::CloudFront::Function": "Name",
    "AWS::CloudFront::KeyGroup": "KeyGroupConfig.Name",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig.Name",
    "AWS::CloudFront::PublicKey": "PublicKeyConfig.Name",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig.Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::WAFv2::WebACL": "Name",
}


def find_shared_names(resources: Resources) -> Iterator[tuple[str, str, list[str]]]:
    """Yields each name that several resources of one type have, with their logical ids."""
    named: dict[tuple[str, str], list[str]] = {}
    for logical, resource in resources.items():
        if name := name_of(resource):
            named.setdefault((resource["Type"], name), []).append(logical)
    for (kind, name), logical_ids in named.items():
        if len(logical_ids) > 1:
            yield kind, name, logical_ids


def name_of(resource: Resources) -> str:
    """Returns a resource's name in AWS as text; "" if AWS generates one.

    The name of a bucket is the text of an intrinsic function.
    """
    value: Any = resource.get("Properties", {})
    path = NAMED_BY.get(resource.get("Type", ""))
    if path is None:
        return ""
    for key in path.split("."):
        value = value.get(key, "")
    return str(value)
