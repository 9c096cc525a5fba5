"""Alarms of CloudWatch on queues."""

from typing import TYPE_CHECKING, NamedTuple

from lib.aws.error_mapping import map_access_denied

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient


class Alarm(NamedTuple):
    """An alarm on one queue; `tells` is whether it does anything when it goes off."""

    queue_name: str
    tells: bool


def alarms_on_queues(cloudwatch: "CloudWatchClient", prefix: str) -> list[Alarm]:
    """All alarms on queues whose own names begin so."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    with map_access_denied(f"list the alarms {prefix}…"):
        return [
            Alarm(dimension["Value"], bool(each["ActionsEnabled"] and each["AlarmActions"]))
            for page in pages
            for each in page["MetricAlarms"]
            for dimension in each["Dimensions"]
            if dimension["Name"] == "QueueName"
        ]
