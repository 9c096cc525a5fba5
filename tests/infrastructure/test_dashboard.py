"""The dashboard shows what there is: each name in it is a name of something deployed."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lib.keys import FETCH_RECORDS as FETCHING
from lib.on_demand import ON_DEMAND
from lib.pipeline import WHOLE_STAGE
from lib.pipeline.reconciler import ReconcileResult
from lib.pipeline.telemetry import Telemetry
from tests.infrastructure.conftest import Package
from tests.infrastructure.generated import generated
from tests.infrastructure.template import Template

# CloudWatch's limits: widgets of a dashboard, alarms of a widget, log groups of a query.
WIDGETS, ALARMS, LOG_GROUPS = 500, 100, 50
# What a dashboard may refer to and cost nothing.
FREE_METRICS = 50
# Of a resource in a template that CloudFormation takes from S3, by far: the whole has 1 MB.
BODY_BYTES = 200_000
# AWS's own metrics that are shown, by the dimension that names a resource.
AWS_METRICS = {
    "AWS/SQS": (
        "QueueName",
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesVisible",
        },
    ),
    "AWS/Lambda": ("FunctionName", {"Errors"}),
    "AWS/S3": ("BucketName", {"BucketSizeBytes"}),
    "AWS/CloudFront": (
        "DistributionId",
        {"Requests", "BytesDownloaded", "4xxErrorRate", "5xxErrorRate"},
    ),
}
# What Lambda measures of the account, without a dimension.
OF_THE_ACCOUNT = {"ConcurrentExecutions", "Throttles"}
NAMED_BY = {
    "QueueName": ("AWS::SQS::Queue", "QueueName"),
    "FunctionName": ("AWS::Lambda::Function", "FunctionName"),
    "BucketName": ("AWS::S3::Bucket", "BucketName"),
}


def widgets(template: Template) -> list[dict[str, Any]]:
    body = json.loads(template.properties("Dashboard")["DashboardBody"])
    return list(body["widgets"])


def metrics(template: Template) -> list[list[str]]:
    """Namespace, name, and dimensions of every metric, as often as it is shown."""
    return [
        [part for part in metric if isinstance(part, str)]
        for each in widgets(template)
        for metric in each["properties"].get("metrics", [])
    ]


def names_of(template: Template, kind: str, name: str) -> set[str]:
    return {each.get(name, "") for each in template.of_type(kind).values()}


def queries(template: Template) -> list[str]:
    """Those of the tables that are made of logs."""
    return [each["properties"]["query"] for each in widgets(template) if each["type"] == "log"]


def namespace_of(template: Template) -> str:
    """Where the stage's functions put their own metrics."""
    functions = template.of_type("AWS::Lambda::Function").values()
    (namespace,) = {
        each["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for each in functions
    }
    return str(namespace)


def test_stages_of_one_account_do_not_share_their_metrics(dev: Template, package: Package) -> None:
    assert namespace_of(dev) == "image-fanout-dev"
    assert namespace_of(package("prod")) == "image-fanout-prod"


def test_each_resource_whose_metric_is_shown_exists(each_stage: Template) -> None:
    seen = set()
    own = namespace_of(each_stage)
    for namespace, metric, *pairs in metrics(each_stage):
        dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        if namespace == own or (not dimensions and metric in OF_THE_ACCOUNT):
            continue
        dimension, known = AWS_METRICS[namespace]
        assert metric in known
        if dimension in NAMED_BY:
            assert dimensions[dimension] in names_of(each_stage, *NAMED_BY[dimension])
        else:
            assert each_stage.resources[dimensions[dimension]]
        seen.add(namespace)
    assert seen == AWS_METRICS.keys()


def test_each_queue_that_is_drained_and_each_of_its_dead_letters_is_shown(
    each_stage: Template,
) -> None:
    shown = {metric[3] for metric in metrics(each_stage) if metric[0] == "AWS/SQS"}
    every = names_of(each_stage, "AWS::SQS::Queue", "QueueName")
    # Alarms watch the rest, and are all shown.
    assert shown == {name for name in every if not name.endswith("-subscription-dlq")}


def test_it_shows_how_often_pictures_are_made_on_demand(
    dev: Template, package: Package, package_way: Package
) -> None:
    def shown(template: Template) -> set[str]:
        return {metric[1] for metric in metrics(template) if metric[-1] == "on-demand"}

    assert shown(package("dev", "--param=on_demand=declared")) == {"Duration", "Needless"}
    assert shown(package_way("website")) == {"Duration", "Needless"}
    assert shown(dev) == set()


Printed = list[dict[str, Any]]


@pytest.fixture
def lines(
    dev: Template, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Printed:
    """What functions print whose every kind of record has come once."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", namespace_of(dev))
    worker, fetching, asked = Telemetry("400x300"), Telemetry(FETCHING), Telemetry(ON_DEMAND)
    with worker.batch(), fetching.batch(), asked.batch():
        worker.finished("a", ReconcileResult("rendered", 5, 5), 1.0)
        worker.finished("b", ReconcileResult("current", 0, 0), 1.0)
        fetching.fetched("a", "fetched", 5, 1.0)
        asked.record_on_demand("400x300", "a", "made", 1.0)
        asked.record_on_demand("400x300", "a", "needless", 1.0)
        for each in (worker, fetching):
            each.parked("id", "a", "corrupt", "")
            each.returned("id", "a", "SlowDown", "", 5)
            each.renewed("id", "a", datetime.now(UTC))
            each.abandoned("id")
            each.crashed("id")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def measured(lines: Printed) -> set[tuple[str, str, str]]:
    """Namespace, name and size of each metric."""
    found = set()
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Dimensions"] == [["size"]]
            names = [metric["Name"] for metric in directive["Metrics"]]
            found |= {(directive["Namespace"], name, line["size"]) for name in names}
    return found


def metrics_read(template: Template) -> set[tuple[str, str, str]]:
    """Namespace, name and size of each of our metrics that the dashboard or an alarm reads."""
    own = namespace_of(template)
    shown = {(own, metric[1], metric[3]) for metric in metrics(template) if metric[0] == own}
    watched = {
        (own, alarm["MetricName"], alarm["Dimensions"][0]["Value"])
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == own
    }
    return shown | watched


def test_each_metric_is_read_and_each_that_is_read_is_measured(
    package: Package, lines: Printed
) -> None:
    """A metric is $0.30 a month."""
    template = package("dev", "--param=on_demand=declared")
    sizes = json.loads(template.document["Outputs"]["Sizes"]["Value"])
    found = metrics_read(template)
    assert {size for _, _, size in found} == {*sizes, WHOLE_STAGE, ON_DEMAND}
    of_one_size = {each for each in found if each[2] not in sizes or each[2] == "400x300"}
    assert measured(lines) == of_one_size
    for size in sizes:
        assert {name for _, name, of in found if of == size} == {"Duration"}


def test_tables_ask_for_what_is_in_the_logs(dev: Template, lines: Printed) -> None:
    by_message = {line["message"]: line.keys() for line in lines if "message" in line}
    reasons, photos, _ = queries(dev)
    assert set(re.findall(r'"(\w+)"', reasons)) <= by_message.keys()
    assert {"message", "reason", "size"} <= by_message["parked"] & by_message["returned"]
    assert re.findall(r'"(\w+)"', photos) == ["rendered"]
    fields = set(re.findall(r"(?:pct|sum)\((\w+)", photos))
    assert fields == {"milliseconds", "bytes_in", "bytes_out"}
    assert fields | {"size"} <= by_message["rendered"]


def test_reasons_are_counted_over_every_log_that_has_them(each_stage: Template) -> None:
    for query in queries(each_stage):
        groups = re.findall(r"SOURCE '([^']+)'", query)
        assert groups
        assert set(groups) <= names_of(each_stage, "AWS::Logs::LogGroup", "LogGroupName")
        resizing = {group for group in groups if "-resize-" in group}
        assert len(resizing) == 4


def test_each_alarm_is_shown(each_stage: Template) -> None:
    (widget,) = (each for each in widgets(each_stage) if each["type"] == "alarm")
    shown = {arn.rpartition(":alarm:")[2] for arn in widget["properties"]["alarms"]}
    assert shown == names_of(each_stage, "AWS::CloudWatch::Alarm", "AlarmName")


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9, 16, 29])
@pytest.mark.parametrize(
    "options",
    [{}, {"on_demand": ["declared", "signed"], "render": "true"}, {"delivery": "public-read"}],
    ids=["plain", "everything", "public"],
)
def test_whatever_the_sizes_the_dashboard_is_free_and_within_cloudwatchs_limits(
    tmp_path: Path, count: int, options: dict[str, Any]
) -> None:
    sizes = [f"{width}x1000" for width in range(1001, 1001 + count)]
    made = generated(tmp_path, sizes, **options)
    template = Template({"Resources": made["resources"]["Resources"]})
    for shared in ("OriginalsBucket", "ImagesBucket", "Distribution"):
        template.resources[shared] = {"Type": "", "Properties": {}}
    assert len(template.properties("Dashboard")["DashboardBody"]) < BODY_BYTES
    shown = widgets(template)
    assert len(shown) <= WIDGETS
    # Each name, however often it is there: how CloudWatch counts the second time nobody says.
    assert len(metrics(template)) < FREE_METRICS
    assert not any("expression" in str(metric) for metric in metrics(template))
    # The queues are never left out.
    ages = [each for each in metrics(template) if each[1] == "ApproximateAgeOfOldestMessage"]
    assert len(ages) >= count + 1
    (alarms,) = (each for each in shown if each["type"] == "alarm")
    assert len(alarms["properties"]["alarms"]) <= ALARMS
    for query in queries(template):
        assert query.count("SOURCE") <= LOG_GROUPS


def test_at_four_sizes_nothing_of_a_size_is_left_out(each_stage: Template) -> None:
    titles = {each["properties"]["title"] for each in widgets(each_stage)}
    assert {
        "Seconds the oldest message waits",
        "Photos rendered",
        "Milliseconds to render a photo, p95",
        "Dead letters",
        "Returned to their queues",
        "Functions: errors",
    } <= titles


def test_nothing_overlaps_and_nothing_leaves_the_page(dev: Template) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets(dev):
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        taken |= cells
    assert max(x for x, _ in taken) == 23


def test_purges_that_are_late_raise_an_alarm(each_stage: Template) -> None:
    alarm = each_stage.properties("AlarmOnPurgeAge")
    assert alarm["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert alarm["Threshold"] == 3600
    watched = [each["Value"] for each in alarm["Dimensions"]]
    assert watched == [each_stage.properties("PurgeQueue")["QueueName"]]
