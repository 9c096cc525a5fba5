"""What `fanout plan --deployed` reads from AWS: the stack's template, and its metrics."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from lib.aws.stacks import get_template
from lib.errors import ConfigError
from lib.operations.plan.measured import read_measured_times
from lib.operations.plan.stage import PlannedSize
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient

PREFIX = "image-fanout-dev"
SIZE = PlannedSize(Size(name="800x600", width=800, height=600), 1769, 10, 10)
# Seconds that one photo waits for S3: HEAD, GET, PUT, HEAD (render_times.json).
WAITING = 0.12


@pytest.fixture
def cloudwatch() -> "CloudWatchClient":
    return boto3.client("cloudwatch")


def put(
    cloudwatch: "CloudWatchClient", photos: int, invocations: int, seconds: float, days: float = 1
) -> None:
    """Photos that were rendered, and invocations that took so long in all."""
    own, billed = (
        (PREFIX, "size", "800x600"),
        ("AWS/Lambda", "FunctionName", f"{PREFIX}-resize-800x600"),
    )
    for (namespace, name, value), samples, total in (
        (own, photos, photos * 400.0),
        (billed, invocations, seconds * 1000),
    ):
        for number in range(0, samples, 100):
            part = min(100, samples - number)
            cloudwatch.put_metric_data(
                Namespace=namespace,
                MetricData=[
                    {
                        "MetricName": "Duration",
                        "Dimensions": [{"Name": name, "Value": value}],
                        "Timestamp": datetime.now(UTC) - timedelta(days=days),
                        "Values": [total / samples],
                        "Counts": [part],
                    }
                ],
            )


def test_a_photos_seconds_are_those_that_lambda_bills(cloudwatch: "CloudWatchClient") -> None:
    """400 photos in 200 invocations of 0.32 s: 0.12 s of waiting each, and 0.1 s a photo."""
    put(cloudwatch, photos=400, invocations=200, seconds=200 * (WAITING + 2 * 0.1))
    time = read_measured_times(cloudwatch, PREFIX, [SIZE])["800x600"]
    assert time.measured
    assert time.busy == pytest.approx(0.1)
    assert time.of_batch(2) == pytest.approx(WAITING + 0.2)


def test_quick_photos_still_take_some_time(cloudwatch: "CloudWatchClient") -> None:
    put(cloudwatch, photos=400, invocations=400, seconds=400 * 0.05)
    time = read_measured_times(cloudwatch, PREFIX, [SIZE])["800x600"]
    assert 0 < time.busy < 0.05


def test_few_photos_and_old_ones_do_not_count(cloudwatch: "CloudWatchClient") -> None:
    assert read_measured_times(cloudwatch, PREFIX, [SIZE]) == {}
    put(cloudwatch, photos=99, invocations=99, seconds=20)
    put(cloudwatch, photos=500, invocations=500, seconds=100, days=9)
    assert read_measured_times(cloudwatch, PREFIX, [SIZE]) == {}


@pytest.fixture
def cloudformation() -> "CloudFormationClient":
    return boto3.client("cloudformation")


def test_the_template_is_the_deployed_one(cloudformation: "CloudFormationClient") -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}
    cloudformation.create_stack(StackName=PREFIX, TemplateBody=json.dumps(template))
    assert get_template(cloudformation, PREFIX) == template


def test_a_stage_that_is_not_deployed_has_none(cloudformation: "CloudFormationClient") -> None:
    with pytest.raises(ConfigError, match="There is no stack image-fanout-dev"):
        get_template(cloudformation, PREFIX)
