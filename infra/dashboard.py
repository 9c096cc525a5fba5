"""The stage's CloudWatch dashboard.

Three dashboards of up to 50 metrics each are free. AWS does not document how it counts the results
of a SEARCH, so each metric is named: graphs are added by priority while their metrics fit. Figures
that would take too many metrics are in tables, which query the logs and use no metric.
"""

import json
from collections.abc import Iterable
from typing import Any

from infra.naming import of_type, sub
from infra.originals import originals_bucket
from infra.parameters import Parameters
from lib.on_demand import ON_DEMAND
from lib.pipeline import WHOLE_STAGE
from lib.sizes import Size

# One below the free tier's 50, in case AWS means fewer than 50.
MAX_METRICS = 49
# CloudWatch's grid is 24 columns wide: three graphs a row, or one of full width.
_THIRD, _WHOLE, _PER_ROW = 8, 24, 3
_HEIGHT = 6
# Seconds a point; a graph of a day would not show a spike of one minute.
_PERIOD = 300
# CloudFront's metrics are in this region only.
_CDN_REGION = "us-east-1"
_REGION = "${AWS::Region}"
# Hosts of AWS's own console, by how the names of a partition's regions begin.
_CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}
# The time of each render: the number of its samples is the number of photos.
_DURATION = "Duration"

# Logs Insights queries over the functions' logs, by the table's title.
_TABLES = {
    # From the logs: as a metric's dimension, each reason would be billed.
    "Why: dead letters (parked), further tries (returned), and what else went wrong": (
        'filter message in ["parked", "returned", "renewed", "abandoned", "crashed"] '
        "| stats count(*) as times by message, reason, size | sort times desc | limit 50"
    ),
    "Photos rendered, by size": (
        'filter message = "rendered" | stats count(*) as photos, '
        "pct(milliseconds, 50) as p50_ms, pct(milliseconds, 95) as p95_ms, "
        "sum(bytes_in) as bytes_read, sum(bytes_out) as bytes_written by size | sort size"
    ),
    # From the line that Lambda writes after each invocation.
    "Cost: seconds of Lambda": (
        'filter @type = "REPORT" | stats count(*) as invocations, '
        "sum(@billedDuration) / 1000 as billed_seconds, max(@duration) as longest_ms, "
        "max(@maxMemoryUsed) / 1000000 as most_MB by @log | sort billed_seconds desc"
    ),
}

# CloudWatch's names for a storage class; S3 moves objects among the tiers of one.
_STORAGE_TYPES = {
    "INTELLIGENT_TIERING": (
        "IntelligentTieringFAStorage",
        "IntelligentTieringIAStorage",
        "IntelligentTieringAIAStorage",
    ),
    "GLACIER_IR": ("GlacierInstantRetrievalStorage",),
}

Metric = list[Any]
Widget = dict[str, Any]


def dashboard_resources(
    parameters: Parameters,
    sizes: list[Size],
    functions: dict[str, Any],
    resources: dict[str, Any],
) -> dict[str, Any]:
    """Builds the dashboard of the functions, and of the queues and alarms among the resources."""
    prefix = parameters.prefix
    on_demand = parameters.on_demand or parameters.delivery == "website"
    names = [function["name"] for function in functions.values()]
    queues, dlqs = _queues(resources)
    age, depth = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"
    alarms = [alarm["AlarmName"] for alarm in of_type(resources, "AWS::CloudWatch::Alarm")]
    durations = _of_each([size.name for size in sizes], prefix, _DURATION, "size")
    # The account's concurrency, which Lambda limits for all functions together.
    account: list[Metric] = [
        ["AWS/Lambda", "ConcurrentExecutions"],
        ["AWS/Lambda", "Throttles", {"stat": "Sum"}],
    ]
    # Renders on demand have one value of the dimension `size`.
    rendered: list[Metric] = [
        [prefix, _DURATION, "size", ON_DEMAND, {"stat": "SampleCount"}],
        [prefix, "Needless", "size", ON_DEMAND],
    ]
    asked = "On demand: asked for, asked for although it was there"
    graphs = [
        _graph("Seconds the oldest message waits", _of_queues(queues, age), "Maximum"),
        *([_graph(asked, rendered)] if on_demand else []),
        *([] if parameters.is_public else _cdn()),
        _graph("Returned to their queues", [[prefix, "Returned", "size", WHOLE_STAGE]]),
        _graph("Functions of the whole account: at once, throttled", account, "Maximum"),
        _graph("Cost: bytes stored", _stored(parameters), "Average", period=24 * 60 * 60),
        _graph("Photos rendered", durations, "SampleCount"),
        _graph("Milliseconds to render a photo, p95", durations, "p95"),
        _graph("Dead letters", _of_queues(dlqs, depth), "Maximum"),
        _graph("Functions: errors", _of_each(names, "AWS/Lambda", "Errors", "FunctionName")),
        _graph("Messages waiting", _of_queues(queues, depth), "Maximum"),
    ]
    tables = [[_table(title, names, query)] for title, query in _TABLES.items()]
    shown = _select(graphs)
    rows = [shown[first : first + _PER_ROW] for first in range(0, len(shown), _PER_ROW)]
    body = {"widgets": _lay_out([[_alarms(alarms)], *rows, *tables])}
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": _name(parameters),
                "DashboardBody": sub(json.dumps(body, separators=(",", ":"))),
            },
        }
    }


def dashboard_url(parameters: Parameters) -> str:
    """Builds the dashboard's address in AWS's own console, which asks who wants to see it."""
    region, name = parameters.region, _name(parameters)
    other = (host for prefix, host in _CONSOLES.items() if region.startswith(prefix))
    host = next(other, "console.aws.amazon.com")
    home = f"https://{region}.{host}/cloudwatch/home?region={region}"
    return f"{home}#dashboards/dashboard/{name}"


def _name(parameters: Parameters) -> str:
    """Returns the dashboard's name: unique in an account, whatever the region."""
    return f"{parameters.prefix}-{parameters.region}"


def _queues(resources: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Returns the names of the queues that functions drain, and of their DLQs."""
    drained = [each for each in of_type(resources, "AWS::SQS::Queue") if "RedrivePolicy" in each]
    dlqs = [each["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for each in drained]
    return (
        [each["QueueName"] for each in drained],
        [resources[logical]["Properties"]["QueueName"] for logical in dlqs],
    )


def _select(graphs: list[Widget]) -> list[Widget]:
    """Drops each graph whose metrics exceed what the graphs before it leave of the maximum."""
    left, selected = MAX_METRICS, []
    for graph in graphs:
        count = len(graph["properties"]["metrics"])
        if count <= left:
            left -= count
            selected.append(graph)
    return selected


def _lay_out(rows: list[list[Widget]]) -> list[Widget]:
    """Gives each widget its position: from left to right, from top to bottom."""
    widgets = []
    for y, row in enumerate(rows):
        width = _WHOLE if len(row) == 1 else _THIRD
        for x, widget in enumerate(row):
            position = {"x": x * width, "y": y * _HEIGHT, "width": width, "height": _HEIGHT}
            widgets.append(widget | position)
    return widgets


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


def _stored(parameters: Parameters) -> list[Metric]:
    """Lists the buckets' sizes, which S3 measures once a day."""
    originals = originals_bucket(parameters)
    stored = [(originals, "StandardStorage"), ("${ImagesBucket}", "StandardStorage")]
    stored += [(originals, kind) for kind in _STORAGE_TYPES.get(parameters.originals_storage, ())]
    return [
        ["AWS/S3", "BucketSizeBytes", "BucketName", name, "StorageType", kind]
        for name, kind in stored
    ]


def _cdn() -> list[Widget]:
    dimensions = ["Region", "Global", "DistributionId", "${Distribution}"]
    return [
        _graph(
            f"CDN: {title}",
            [["AWS/CloudFront", name, *dimensions] for name in names],
            stat,
            region=_CDN_REGION,
        )
        for title, names, stat in (
            ("requests", ["Requests"], "Sum"),
            ("bytes sent", ["BytesDownloaded"], "Sum"),
            ("errors, percent", ["4xxErrorRate", "5xxErrorRate"], "Average"),
        )
    ]
