"""The stage at a glance: a CloudWatch dashboard of what a person looks at first.

CloudWatch has three dashboards in an account for nothing, if each of them refers to up to 50
metrics. How it counts what a SEARCH finds is nowhere documented, so that each metric is named here,
and counted by name: graphs are added in the order of their worth while they fit. What one metric a
size would not fit for is in tables, which are made of the logs and refer to no metric.
"""

import json
from collections.abc import Iterable
from typing import Any

from infra.naming import of_type, sub
from infra.parameters import Parameters
from lib.on_demand import ON_DEMAND
from lib.pipeline.telemetry import WHOLE_STAGE
from lib.sizes import Size

# One below the free tier's, whichever way it counts its 50.
MAX_METRICS = 49
# CloudWatch's grid is 24 columns wide: three graphs a row, or one as wide as the page.
_THIRD, _WHOLE, _IN_A_ROW = 8, 24, 3
_HEIGHT = 6
# Seconds a point: what is a minute's spike in an hour is not to be seen in a day anyhow.
_PERIOD = 300
# CloudFront and its metrics are in one region, wherever the stage is.
_CDN_REGION = "us-east-1"
_REGION = "${AWS::Region}"
# How long a photo took, once for each that was rendered: its count is that of photos.
_TOOK = "Duration"

# What CloudWatch Logs Insights finds in the functions' logs, by the table's title.
_TABLES = {
    # Reasons are counted in the logs: as a metric's dimension each would be billed.
    "Why: dead letters (parked), further tries (returned), and what else went wrong": (
        'filter message in ["parked", "returned", "renewed", "abandoned", "crashed"] '
        "| stats count(*) as times by message, reason, size | sort times desc | limit 50"
    ),
    "Photos rendered, by size": (
        'filter message = "rendered" | stats count(*) as photos, '
        "pct(milliseconds, 50) as p50_ms, pct(milliseconds, 95) as p95_ms, "
        "sum(bytes_in) as bytes_read, sum(bytes_out) as bytes_written by size | sort size"
    ),
    # From the line that Lambda itself writes after each invocation.
    "Cost: seconds of Lambda": (
        'filter @type = "REPORT" | stats count(*) as invocations, '
        "sum(@billedDuration) / 1000 as billed_seconds, max(@duration) as longest_ms, "
        "max(@maxMemoryUsed) / 1000000 as most_MB by @log | sort billed_seconds desc"
    ),
}

Metric = list[Any]
Widget = dict[str, Any]


def dashboard_resources(
    parameters: Parameters,
    sizes: list[Size],
    functions: dict[str, Any],
    resources: dict[str, Any],
) -> dict[str, Any]:
    """The dashboard over these functions, and the queues and alarms among the resources."""
    prefix = parameters.prefix
    on_demand = parameters.on_demand or parameters.delivery == "website"
    names = [function["name"] for function in functions.values()]
    queues, dlqs = _queues(resources)
    age, depth = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"
    alarms = [each["AlarmName"] for each in of_type(resources, "AWS::CloudWatch::Alarm")]
    took = _of_each([size.name for size in sizes], prefix, _TOOK, "size")
    graphs = [
        _graph("Seconds the oldest message waits", _of_queues(queues, age), "Maximum"),
        *([_on_demand(prefix)] if on_demand else []),
        *([] if parameters.is_public else _cdn()),
        _graph("Returned to their queues", [[prefix, "Returned", "size", WHOLE_STAGE]]),
        _graph("Functions of the whole account: at once, throttled", _account(), "Maximum"),
        _graph("Cost: bytes stored", _stored(), "Average", period=24 * 60 * 60),
        _graph("Photos rendered", took, "SampleCount"),
        _graph("Milliseconds to render a photo, p95", took, "p95"),
        _graph("Dead letters", _of_queues(dlqs, depth), "Maximum"),
        _graph("Functions: errors", _of_each(names, "AWS/Lambda", "Errors", "FunctionName")),
        _graph("Messages waiting", _of_queues(queues, depth), "Maximum"),
    ]
    tables = [[_table(title, names, query)] for title, query in _TABLES.items()]
    body = {"widgets": _placed([[_alarms(alarms)], *_in_rows(_fitting(graphs)), *tables])}
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                # Dashboards are an account's, whatever the region.
                "DashboardName": f"{prefix}-{parameters.region}",
                "DashboardBody": sub(json.dumps(body, separators=(",", ":"))),
            },
        }
    }


def _queues(resources: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Names of the queues that functions drain, and of those that take what they give up on."""
    every = {
        logical: each["Properties"]
        for logical, each in resources.items()
        if each.get("Type") == "AWS::SQS::Queue"
    }
    drained = [each for each in every.values() if "RedrivePolicy" in each]
    targets = [each["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for each in drained]
    return (
        [each["QueueName"] for each in drained],
        [every[logical]["QueueName"] for logical in targets],
    )


def _fitting(graphs: list[Widget]) -> list[Widget]:
    """The graphs, without those whose metrics are too many after those of the graphs before."""
    left, fitting = MAX_METRICS, []
    for graph in graphs:
        count = len(graph["properties"]["metrics"])
        if count <= left:
            left -= count
            fitting.append(graph)
    return fitting


def _in_rows(widgets: list[Widget]) -> list[list[Widget]]:
    return [widgets[first : first + _IN_A_ROW] for first in range(0, len(widgets), _IN_A_ROW)]


def _placed(rows: list[list[Widget]]) -> list[Widget]:
    """The rows' widgets, from left to right and from top to bottom."""
    placed = []
    for y, row in enumerate(rows):
        width = _WHOLE if len(row) == 1 else _THIRD
        for x, widget in enumerate(row):
            place = {"x": x * width, "y": y * _HEIGHT, "width": width, "height": _HEIGHT}
            placed.append(widget | place)
    return placed


def _graph(
    title: str,
    metrics: Iterable[Metric],
    stat: str = "Sum",
    *,
    period: int = _PERIOD,
    region: str = _REGION,
) -> Widget:
    properties = {
        "title": title,
        "metrics": list(metrics),
        "stat": stat,
        "period": period,
        "region": region,
        "view": "timeSeries",
    }
    return {"type": "metric", "properties": properties}


def _alarms(names: list[str]) -> Widget:
    arn = f"arn:${{AWS::Partition}}:cloudwatch:{_REGION}:${{AWS::AccountId}}:alarm:"
    properties = {"title": "Alarms", "alarms": [arn + name for name in names], "states": ["ALARM"]}
    return {"type": "alarm", "properties": properties}


def _table(title: str, functions: list[str], query: str) -> Widget:
    sources = "".join(f"SOURCE '/aws/lambda/{name}' | " for name in functions)
    properties = {"title": title, "query": sources + query, "region": _REGION, "view": "table"}
    return {"type": "log", "properties": properties}


def _of_each(names: list[str], namespace: str, metric: str, dimension: str) -> list[Metric]:
    return [[namespace, metric, dimension, name] for name in names]


def _of_queues(queues: list[str], metric: str) -> list[Metric]:
    return _of_each(queues, "AWS/SQS", metric, "QueueName")


def _account() -> list[Metric]:
    """What Lambda's limit on an account counts: the functions of all stages, and all others."""
    return [
        ["AWS/Lambda", "ConcurrentExecutions"],
        ["AWS/Lambda", "Throttles", {"stat": "Sum"}],
    ]


def _stored() -> list[Metric]:
    """What S3 measures by itself, once a day."""
    return [
        ["AWS/S3", "BucketSizeBytes", "BucketName", name, "StorageType", "StandardStorage"]
        for name in ("${OriginalsBucket}", "${ImagesBucket}")
    ]


def _on_demand(prefix: str) -> Widget:
    """Counted together, apart from the workers (handlers/shared/respond.py)."""
    metrics: list[Metric] = [
        [prefix, _TOOK, "size", ON_DEMAND, {"stat": "SampleCount"}],
        [prefix, "Needless", "size", ON_DEMAND],
    ]
    return _graph("On demand: asked for, asked for although it was there", metrics)


def _cdn() -> list[Widget]:
    def of(*names: str) -> list[Metric]:
        here = ["Region", "Global", "DistributionId", "${Distribution}"]
        return [["AWS/CloudFront", name, *here] for name in names]

    return [
        _graph("CDN: requests", of("Requests"), region=_CDN_REGION),
        _graph("CDN: bytes sent", of("BytesDownloaded"), region=_CDN_REGION),
        _graph(
            "CDN: errors, percent",
            of("4xxErrorRate", "5xxErrorRate"),
            "Average",
            region=_CDN_REGION,
        ),
    ]
