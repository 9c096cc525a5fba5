"""Names of resources, and the expressions of templates that refer to them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib.sizes import Size

# Handler of the sizes' workers.
WORKER = "handlers.resize.handler"
# Tag of a worker with its recipe id; the next deploy compares it with the new one.
RECIPE_TAG = "recipe"
# ARNs of two of the three buckets, for Fn::Sub; infra/originals.py has that of the originals.
S3_ARN = "arn:${AWS::Partition}:s3:::"
IMAGES_BUCKET = f"{S3_ARN}${{ImagesBucket}}"
FAILURES_BUCKET = f"{S3_ARN}${{FailuresBucket}}"
_DISTRIBUTION = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${%s}"


def logical_id(kind: str, size: "Size") -> str:
    """Returns the logical id of one of the size's resources.

    No kind is a prefix of another, so that two sizes never share a logical id: with a kind
    "QueuePolicy", the queue of size policy-x would have the id of the policy of size x.
    """
    return kind + size.logical_id


def bucket_name(prefix: str, contents: str) -> str:
    """Returns the name of a bucket that the stack creates, for Fn::Sub."""
    return f"{prefix}-{contents}-${{AWS::AccountId}}-${{AWS::Region}}"


def ref(logical: str) -> dict[str, str]:
    """Builds a reference to a resource (for a queue: its URL)."""
    return {"Ref": logical}


def arn(logical: str) -> dict[str, list[str]]:
    """Builds a reference to a resource's ARN."""
    return {"Fn::GetAtt": [logical, "Arn"]}


def distribution_arn(logical: str) -> dict[str, str]:
    """Builds a distribution's ARN, for which CloudFormation has no attribute."""
    return sub(_DISTRIBUTION % logical)


def sub(text: str) -> dict[str, str]:
    """Builds a text in which CloudFormation replaces ${...}."""
    return {"Fn::Sub": text}


def allow(actions: list[str], resource: Any, **more: Any) -> dict[str, Any]:
    """Builds an IAM statement that allows actions on a resource."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """Builds an IAM policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Lists the properties of a template's resources of one type."""
    return [each["Properties"] for each in resources.values() if each.get("Type") == kind]
