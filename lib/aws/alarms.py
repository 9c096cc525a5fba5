"""CloudWatch alarms on queues."""

from typing import NamedTuple

from lib.aws.clients import CloudWatchClient
from lib.aws.error_mapping import map_access_denied


class Alarm(NamedTuple):
    """An alarm on one queue; `has_action` is whether it notifies anybody."""

    name: str
    queue_name: str
    has_action: bool


def list_queue_alarms(cloudwatch: CloudWatchClient, prefix: str) -> list[Alarm]:
    """Returns all alarms on queues whose own names have this prefix."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    with map_access_denied(f"list the alarms {prefix}…"):
        return [
            Alarm(
                alarm["AlarmName"],
                dimension["Value"],
                bool(alarm["ActionsEnabled"] and alarm["AlarmActions"]),
            )
            for page in pages
            for alarm in page["MetricAlarms"]
            for dimension in alarm["Dimensions"]
            if dimension["Name"] == "QueueName"
        ]
