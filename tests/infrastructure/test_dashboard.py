"""The dashboard shows what there is: each name in it is a name of something deployed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lib.telemetry import Telemetry
from lib.variants import Outcome
from tests.infrastructure.conftest import Package
from tests.infrastructure.generated import generated
from tests.infrastructure.template import Template

# CloudWatch's limits: widgets of a dashboard, metrics of a widget and of all widgets together,
# alarms of a widget, log groups of a query.
WIDGETS, METRICS, ALL_METRICS, ALARMS, LOG_GROUPS = 500, 500, 2500, 100, 50
# Of a resource in a template that CloudFormation takes from S3, by far: the whole has 1 MB.
BODY_BYTES = 200_000
# AWS's own metrics that are shown, by the dimension that names a resource.
AWS_METRICS = {
    "AWS/SQS": (
        "QueueName",
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesVisible",
            "NumberOfMessagesReceived",
            "NumberOfEmptyReceives",
        },
    ),
    "AWS/Lambda": ("FunctionName", {"Errors", "Throttles", "ConcurrentExecutions", "Duration"}),
    "AWS/SNS": ("TopicName", {"NumberOfMessagesPublished"}),
    "AWS/Logs": ("LogGroupName", {"IncomingBytes"}),
    "AWS/S3": ("BucketName", {"BucketSizeBytes"}),
    "AWS/CloudFront": (
        "DistributionId",
        {"Requests", "BytesDownloaded", "4xxErrorRate", "5xxErrorRate"},
    ),
}
NAMED_BY = {
    "QueueName": ("AWS::SQS::Queue", "QueueName"),
    "FunctionName": ("AWS::Lambda::Function", "FunctionName"),
    "TopicName": ("AWS::SNS::Topic", "TopicName"),
    "LogGroupName": ("AWS::Logs::LogGroup", "LogGroupName"),
    "BucketName": ("AWS::S3::Bucket", "BucketName"),
}


def widgets(template: Template) -> list[dict[str, Any]]:
    body = json.loads(template.properties("Dashboard")["DashboardBody"])
    return list(body["widgets"])


def metrics(template: Template) -> list[list[str]]:
    return [
        metric for each in widgets(template) for metric in each["properties"].get("metrics", [])
    ]


def names_of(template: Template, kind: str, name: str) -> set[str]:
    return {each.get(name, "") for each in template.of_type(kind).values()}


def the_query(template: Template) -> str:
    (widget,) = (each for each in widgets(template) if each["type"] == "log")
    return str(widget["properties"]["query"])


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
        if namespace == own:
            continue
        dimension, known = AWS_METRICS[namespace]
        assert metric in known
        if dimension in NAMED_BY:
            assert dimensions[dimension] in names_of(each_stage, *NAMED_BY[dimension])
        else:
            assert each_stage.resources[dimensions[dimension]]
        seen.add(namespace)
    assert seen == AWS_METRICS.keys()


def test_each_queue_is_shown(each_stage: Template) -> None:
    shown = {metric[3] for metric in metrics(each_stage) if metric[0] == "AWS/SQS"}
    assert shown == names_of(each_stage, "AWS::SQS::Queue", "QueueName")


def test_it_shows_how_often_pictures_are_made_on_demand(dev: Template, package: Package) -> None:
    def shown(template: Template) -> set[str]:
        return {metric[1] for metric in metrics(template) if metric[3] == "on-demand"}

    assert shown(package("dev", "--param=on_demand=declared")) == {"Asked", "Needless"}
    assert shown(package("dev", "--param=delivery=website")) == {"Asked", "Needless"}
    assert shown(dev) == set()


def test_workers_measure_what_is_shown_of_them(
    dev: Template, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", namespace_of(dev))
    telemetry = Telemetry("400x300")
    with telemetry.batch():
        telemetry.finished("a", Outcome("rendered", 5, 5), 1.0)
        telemetry.parked("id", "a", "corrupt", "")
        telemetry.returned("id", "a", "SlowDown", "", 5)
        telemetry.crashed("id")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (measured,) = (line["_aws"]["CloudWatchMetrics"][0] for line in lines if "_aws" in line)
    own = [metric for metric in metrics(dev) if metric[0] == measured["Namespace"]]
    assert {metric[1] for metric in own} <= {each["Name"] for each in measured["Metrics"]}
    assert {(metric[2],) for metric in own} == {tuple(measured["Dimensions"][0])}
    sizes = json.loads(dev.document["Outputs"]["Sizes"]["Value"])
    assert {metric[3] for metric in own} == set(sizes)
    for field in re.findall(r"by (.+?) \|", the_query(dev))[0].split(", "):
        assert any(field in line for line in lines if line.get("message") == "parked")
    for message in re.findall(r'"(\w+)"', the_query(dev)):
        assert any(line.get("message") == message for line in lines)


def test_reasons_are_counted_over_every_log_that_has_them(each_stage: Template) -> None:
    groups = re.findall(r"SOURCE '([^']+)'", the_query(each_stage))
    assert groups
    assert set(groups) <= names_of(each_stage, "AWS::Logs::LogGroup", "LogGroupName")
    resizing = {group for group in groups if "-resize-" in group}
    assert len(resizing) == 4


def test_each_alarm_is_shown(each_stage: Template) -> None:
    (widget,) = (each for each in widgets(each_stage) if each["type"] == "alarm")
    shown = {arn.rpartition(":alarm:")[2] for arn in widget["properties"]["alarms"]}
    assert shown == names_of(each_stage, "AWS::CloudWatch::Alarm", "AlarmName")


def test_as_many_sizes_as_a_stack_carries_stay_within_cloudwatchs_limits(tmp_path: Path) -> None:
    sizes = [f"{width}x1000" for width in range(1001, 1030)]
    template = Template({"Resources": generated(tmp_path, sizes)["resources"]["Resources"]})
    for shared in ("OriginalsBucket", "ImagesBucket", "Distribution"):
        template.resources[shared] = {"Type": "", "Properties": {}}
    assert len(template.properties("Dashboard")["DashboardBody"]) < BODY_BYTES
    shown = widgets(template)
    assert len(shown) <= WIDGETS
    counts = [len(widget["properties"].get("metrics", [])) for widget in shown]
    assert max(counts) <= METRICS
    assert sum(counts) <= ALL_METRICS
    (alarms,) = (each for each in shown if each["type"] == "alarm")
    assert len(alarms["properties"]["alarms"]) <= ALARMS
    assert the_query(template).count("SOURCE") <= LOG_GROUPS


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
