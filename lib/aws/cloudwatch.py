"""CloudWatch metrics."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from lib.aws.clients import CloudWatchClient
from lib.aws.error_mapping import map_access_denied

_DAY = timedelta(days=1)


class Totals(NamedTuple):
    """The sum of a metric's values, and their number."""

    total: float
    samples: float


def get_median_of_last_day(
    cloudwatch: CloudWatchClient, namespace: str, metric: str, dimensions: dict[str, str]
) -> float | None:
    """Returns a metric's median over the last 24 hours, or None without data."""
    points = _read(cloudwatch, namespace, metric, dimensions, 1, ExtendedStatistics=["p50"])
    # CloudWatch may return two periods, split where its own days begin: use the newer one.
    newest: dict[str, Any] = max(points, key=lambda point: point["Timestamp"], default={})
    median: float | None = newest.get("ExtendedStatistics", {}).get("p50")
    return median


def get_totals(
    cloudwatch: CloudWatchClient,
    namespace: str,
    metric: str,
    dimensions: dict[str, str],
    days: int,
) -> Totals:
    """Returns a metric's totals over the last days, which are 0 without data."""
    statistics = ["Sum", "SampleCount"]
    points = _read(cloudwatch, namespace, metric, dimensions, days, Statistics=statistics)
    total, samples = (sum(point.get(name, 0.0) for point in points) for name in statistics)
    return Totals(total, samples)


def _read(
    cloudwatch: CloudWatchClient,
    namespace: str,
    metric: str,
    dimensions: dict[str, str],
    days: int,
    **statistics: Any,
) -> list[Any]:
    now = datetime.now(UTC)
    with map_access_denied(f"read the metric {metric} of {namespace}"):
        response = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - days * _DAY,
            EndTime=now,
            Period=int(_DAY.total_seconds()),
            **statistics,
        )
    return list(response["Datapoints"])
