"""The stage at a glance: a CloudWatch dashboard of what a person looks at first.

It names what was generated, metric by metric, and nothing that a search would find: other stages of
the account are not in it.
"""

import json
from collections.abc import Iterable
from typing import Any

from infra.names import sub
from lib.on_demand import PLACE
from lib.sizes import Size

# CloudWatch's grid is 24 columns wide: three graphs a row, or one as wide as the page.
_THIRD, _WHOLE = 8, 24
_HEIGHT = 6
# Seconds a point: what is a minute's spike in an hour is not to be seen in a day anyhow.
_PERIOD = 300
# CloudFront and its metrics are in one region, wherever the stage is.
_CDN_REGION = "us-east-1"
_REGION = "${AWS::Region}"

Metric = list[Any]
Widget = dict[str, Any]


def dashboard_resources(
    prefix: str,
    region: str,
    sizes: list[Size],
    functions: dict[str, Any],
    resources: dict[str, Any],
    *,
    cdn: bool,
    on_demand: bool,
) -> dict[str, Any]:
    """The dashboard over these functions, and the queues and alarms among the resources.

    `cdn` tells whether the stage has a distribution, `on_demand` whether it makes pictures as they
    are asked for.
    """
    names = [function["name"] for function in functions.values()]
    every_queue = _named(resources, "AWS::SQS::Queue", "QueueName")
    queues = [queue for queue in every_queue if not queue.endswith("-dlq")]
    dlqs = [queue for queue in every_queue if queue.endswith("-dlq")]
    age, depth = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"
    alarms = _named(resources, "AWS::CloudWatch::Alarm", "AlarmName")
    widgets = [
        [_alarms(alarms)],
        [
            _graph("Photos rendered", _of_sizes(prefix, sizes, "Rendered")),
            _graph(
                "Milliseconds to render a photo, p95", _of_sizes(prefix, sizes, "Duration"), "p95"
            ),
            _graph("Seconds the oldest message waits", _of_queues(queues, age), "Maximum"),
        ],
        [
            _graph("Messages waiting", _of_queues(queues, depth), "Maximum"),
            _graph("Dead letters", _of_queues(dlqs, depth), "Maximum"),
            _graph(
                "Failed, returned, crashed",
                _of_sizes(prefix, sizes, "Failed", "Returned", "Crashed"),
            ),
        ],
        [_reasons(names)],
        [
            _graph("Functions: errors, throttles", _of_functions(names, "Errors", "Throttles")),
            _graph("Workers at once", _of_functions(names, "ConcurrentExecutions"), "Maximum"),
            _graph("Cost: milliseconds of Lambda", _of_functions(names, "Duration")),
        ],
        [
            _graph("Cost: events, messages, empty looks", _requests(prefix, queues)),
            _graph("Cost: bytes of logs", _log_bytes(names)),
            _graph("Cost: bytes stored", _stored(), "Average", period=24 * 60 * 60),
        ],
        *([_cdn()] if cdn else []),
        *([[_on_demand(prefix)]] if on_demand else []),
    ]
    body = json.dumps({"widgets": _placed(widgets)}, separators=(",", ":"))
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            # Dashboards are an account's, whatever the region.
            "Properties": {"DashboardName": f"{prefix}-{region}", "DashboardBody": sub(body)},
        }
    }


def _named(resources: dict[str, Any], kind: str, name: str) -> list[str]:
    return [each["Properties"][name] for each in resources.values() if each.get("Type") == kind]


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


def _reasons(functions: list[str]) -> Widget:
    """Reasons are counted in the logs: as a metric's dimension each would be billed."""
    sources = "".join(f"SOURCE '/aws/lambda/{name}' | " for name in functions)
    query = (
        f'{sources}filter message in ["parked", "returned"] '
        "| stats count(*) as times by message, reason, size | sort times desc | limit 50"
    )
    properties = {
        "title": "Why: dead letters (parked) and further tries (returned)",
        "query": query,
        "region": _REGION,
        "view": "table",
    }
    return {"type": "log", "properties": properties}


def _of_sizes(prefix: str, sizes: list[Size], *names: str) -> list[Metric]:
    return [[prefix, name, "size", size.name] for name in names for size in sizes]


def _of_functions(functions: list[str], *names: str) -> list[Metric]:
    return [["AWS/Lambda", n, "FunctionName", function] for n in names for function in functions]


def _of_queues(queues: list[str], name: str) -> list[Metric]:
    return [["AWS/SQS", name, "QueueName", queue] for queue in queues]


def _requests(topic: str, queues: list[str]) -> list[Metric]:
    return [
        ["AWS/SNS", "NumberOfMessagesPublished", "TopicName", topic],
        *_of_queues(queues, "NumberOfMessagesReceived"),
        *_of_queues(queues, "NumberOfEmptyReceives"),
    ]


def _log_bytes(functions: list[str]) -> list[Metric]:
    return [
        ["AWS/Logs", "IncomingBytes", "LogGroupName", f"/aws/lambda/{name}"] for name in functions
    ]


def _stored() -> list[Metric]:
    """What S3 measures by itself, once a day."""
    return [
        ["AWS/S3", "BucketSizeBytes", "BucketName", name, "StorageType", "StandardStorage"]
        for name in ("${OriginalsBucket}", "${ImagesBucket}")
    ]


def _on_demand(prefix: str) -> Widget:
    """Counted together, apart from the workers (handlers/asking.py)."""
    metrics = [[prefix, name, "size", PLACE] for name in ("Asked", "Needless")]
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
