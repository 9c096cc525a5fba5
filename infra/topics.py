"""The topics of S3's events and of alarms."""

from typing import Any

from infra.naming import S3_ARN, bucket_name, policy, ref, sub
from infra.originals import originals_arn
from infra.stage import StageParameters

_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}


def topic_resources(parameters: StageParameters) -> dict[str, Any]:
    """Builds the topics, their policies, and the e-mail subscription to alarms."""
    images = sub(S3_ARN + bucket_name(parameters.prefix, "images"))
    resources = {
        # Events of originals: every size's queue subscribes.
        **_topic(parameters, "Topic", "", "s3", originals_arn(parameters)),
        # Variants created or removed: subscribers learn when a size is ready, without polling.
        **_topic(parameters, "VariantsTopic", "-variants", "s3", images),
        # Alarms and recoveries.
        **_topic(parameters, "AlarmTopic", "-alarms", "cloudwatch"),
    }
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


def _topic(
    parameters: StageParameters, logical: str, ending: str, publisher: str, source: Any = None
) -> dict[str, Any]:
    """Builds a topic that a service of this account publishes to, from one `source` if given."""
    properties = {"TopicName": f"{parameters.prefix}{ending}"}
    if parameters.kms_key:
        # SNS's own key, alias/aws/sns, has a fixed policy that lets neither S3 nor CloudWatch
        # publish: events would be lost silently.
        properties["KmsMasterKeyId"] = parameters.kms_key
    statement = {
        "Effect": "Allow",
        "Action": "sns:Publish",
        "Resource": ref(logical),
        "Principal": {"Service": f"{publisher}.amazonaws.com"},
        "Condition": _ACCOUNT | ({"ArnEquals": {"aws:SourceArn": source}} if source else {}),
    }
    return {
        logical: {"Type": "AWS::SNS::Topic", "Properties": properties},
        f"{logical}Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [ref(logical)], "PolicyDocument": policy(statement)},
        },
    }
