"""Metrics: what was measured lately."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lib.aws.error_mapping import map_access_denied

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

_DAY = timedelta(days=1)


def median_of_last_day(
    cloudwatch: "CloudWatchClient", namespace: str, metric: str, dimensions: dict[str, str]
) -> float | None:
    """The median of what was measured in the last 24 hours; None where nothing was."""
    now = datetime.now(UTC)
    with map_access_denied(f"read the metric {metric}"):
        answer = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - _DAY,
            EndTime=now,
            Period=int(_DAY.total_seconds()),
            ExtendedStatistics=["p50"],
        )
    # CloudWatch may cut the day in two where its own days begin: the newer part is taken.
    newest = max(answer["Datapoints"], key=lambda point: point["Timestamp"], default=None)
    return None if newest is None else newest.get("ExtendedStatistics", {}).get("p50")
