"""CloudWatch alarms on dead letters, on queues that are not drained, and on the stage's metrics."""

from typing import Any

from infra.naming import logical_id, ref
from infra.parameters import Parameters
from lib.sizes import Size

# SQS reports every minute; five periods ignore a queue that is late for a moment.
_PERIOD = 60
_AGE_PERIODS = 5


def alarm_resources(size: Size, parameters: Parameters) -> dict[str, Any]:
    """Builds a size's alarms: the depth of both DLQs, and the age of the oldest message."""
    name = f"{parameters.prefix}-{size.name}"
    return {
        logical_id("AlarmOnDlq", size): depth_alarm(
            f"{name}-dlq",
            f"Photos could not be rendered at {size.name}: read the reasons, fix the cause, replay",
        ),
        logical_id("AlarmOnSubscriptionDlq", size): depth_alarm(
            f"{name}-subscription-dlq",
            f"SNS could not deliver to the queue of {size.name}: check its policy, replay",
        ),
        logical_id("AlarmOnAge", size): age_alarm(
            name,
            f"The queue of {size.name} is not drained: look at its function's errors",
            above=parameters.queue_settings.max_age,
        ),
    }


def depth_alarm(queue_name: str, description: str) -> dict[str, Any]:
    """Builds an alarm for the first message in a queue that should be empty."""
    return _alarm(queue_name, description, metric="ApproximateNumberOfMessagesVisible")


def age_alarm(queue_name: str, description: str, *, above: int) -> dict[str, Any]:
    """Builds an alarm for a queue whose oldest message is older than `above` seconds."""
    return _alarm(
        queue_name,
        description,
        metric="ApproximateAgeOfOldestMessage",
        above=above,
        periods=_AGE_PERIODS,
    )


def metric_alarm(
    prefix: str, description: str, *, metric: str, size: str, above: int
) -> dict[str, Any]:
    """Builds an alarm on one of the stage's own metrics, summed for each minute."""
    return _alarm(
        f"{prefix}-{size}",
        description,
        metric=metric,
        above=above,
        periods=_AGE_PERIODS,
        Namespace=prefix,
        Dimensions=[{"Name": "size", "Value": size}],
        Statistic="Sum",
    )


def _alarm(
    name: str,
    description: str,
    *,
    metric: str,
    above: int = 0,
    periods: int = 1,
    **properties: Any,
) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": f"{name}-{metric}",
            "AlarmDescription": description,
            "AlarmActions": [ref("AlarmTopic")],
            "OKActions": [ref("AlarmTopic")],
            "Namespace": "AWS/SQS",
            "MetricName": metric,
            "Dimensions": [{"Name": "QueueName", "Value": name}],
            "Statistic": "Maximum",
            "Period": _PERIOD,
            "EvaluationPeriods": periods,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": above,
            # SQS stops reporting on a queue that was not used for six hours.
            "TreatMissingData": "notBreaching",
            **properties,
        },
    }
