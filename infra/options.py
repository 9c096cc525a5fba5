"""What a stage's options ask of functions' roles, and of topics, beside their own work."""

from collections.abc import Sequence
from typing import Any

from infra.encryption import allow_key, reaches_encrypted
from infra.naming import allow, ref
from infra.stage import StageParameters

_TOPICS = ("Topic", "VariantsTopic", "AlarmTopic")


def for_role(
    parameters: StageParameters, statements: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Statements to add to those of a function's role: use of the stage's key, leave to be traced.

    A role that can reach nothing that is encrypted by the key has no use for it.
    """
    key = allow_key(parameters.kms_key) if reaches_encrypted(statements) else []
    traces = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    # X-Ray knows no resources that a policy could name.
    return [*key, allow(traces, "*")] if parameters.xray else key


def tracing_mode(parameters: StageParameters) -> str:
    """Lambda's word for whether X-Ray sees a function's calls."""
    return "Active" if parameters.xray else "PassThrough"


def set_boundary(parameters: StageParameters, resources: dict[str, Any]) -> None:
    """Give each role the stage's permissions boundary, if there is one."""
    if parameters.permissions_boundary:
        for resource in resources.values():
            if resource.get("Type") == "AWS::IAM::Role":
                resource["Properties"]["PermissionsBoundary"] = parameters.permissions_boundary


def topic_resources(parameters: StageParameters) -> dict[str, Any]:
    """Properties to add to the topics, and who hears of alarms."""
    resources: dict[str, Any] = {}
    if parameters.kms_key:
        # The one key of SNS's own, alias/aws/sns, has a policy that nobody can change and that lets
        # neither S3 nor CloudWatch publish: events would be lost without a word.
        added = {"KmsMasterKeyId": parameters.kms_key}
        resources |= {topic: {"Properties": added} for topic in _TOPICS}
    if parameters.alarm_email:
        resources["AlarmEmail"] = {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": ref("AlarmTopic"),
                "Protocol": "email",
                "Endpoint": parameters.alarm_email,
            },
        }
    return resources
