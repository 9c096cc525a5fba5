"""Names of what is made for each size: for people, and for CloudFormation's references."""

from typing import Any

from lib.errors import ConfigError
from lib.sizes import Size

# ARNs of the three buckets, for Fn::Sub.
ORIGINALS_BUCKET = "arn:${AWS::Partition}:s3:::${OriginalsBucket}"
IMAGES_BUCKET = "arn:${AWS::Partition}:s3:::${ImagesBucket}"
FAILURES_BUCKET = "arn:${AWS::Partition}:s3:::${FailuresBucket}"
_DISTRIBUTION = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${%s}"
# Lambda's limit on a function's name.
MAX_FUNCTION_NAME = 64


def function_key(size: Size) -> str:
    """Name of a size's function in serverless.yml's list of functions."""
    return f"resize-{size.name}"


def function_name(prefix: str, size: Size) -> str:
    """Name of a size's function in AWS; ConfigError where it is too long for Lambda."""
    name = f"{prefix}-{function_key(size)}"
    if len(name) > MAX_FUNCTION_NAME:
        longest = MAX_FUNCTION_NAME - len(name) + len(size.name)
        raise ConfigError(
            f"({size.name}): name: its function would be called {name!r}, which has "
            f"{len(name)} characters; Lambda takes {MAX_FUNCTION_NAME}, so on this stage a size's "
            f"name may have {longest}"
        )
    return name


# The kinds of a size's resources. None is the beginning of another, so that two sizes can never
# give one logical id: a size called policy-x makes QueuePolicyX only if "Policy" were no kind.
KINDS = (
    "Queue",
    "Dlq",
    "SubscriptionDlq",
    "PolicyOfQueue",
    "PolicyOfSubscriptionDlq",
    "TopicSubscription",
    "RoleOfResize",
    "AlarmOnDlq",
    "AlarmOnSubscriptionDlq",
    "AlarmOnAge",
)


def logical_id(kind: str, size: Size) -> str:
    """CloudFormation's name of one of the size's resources; `kind` is one of KINDS."""
    return kind + size.logical_id


def ref(logical: str) -> dict[str, str]:
    """CloudFormation's reference to a resource (for a queue: its URL)."""
    return {"Ref": logical}


def arn(logical: str) -> dict[str, list[str]]:
    """CloudFormation's reference to a resource's ARN."""
    return {"Fn::GetAtt": [logical, "Arn"]}


def distribution_arn(logical: str) -> dict[str, str]:
    """A distribution's ARN, which is none of the attributes that CloudFormation knows."""
    return sub(_DISTRIBUTION % logical)


def sub(text: str) -> dict[str, str]:
    """A text in which CloudFormation replaces ${...}."""
    return {"Fn::Sub": text}


def allow(actions: list[str], resource: Any, **more: Any) -> dict[str, Any]:
    """An IAM statement that allows actions on a resource."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """An IAM policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Properties of a template's resources of one type."""
    return [each["Properties"] for each in resources.values() if each.get("Type") == kind]
