"""Purges: the queue that they wait in, and the stage that has none."""

import json

from tests.infrastructure.conftest import Package
from tests.infrastructure.template import Template

# CloudFront's limit on the paths of all invalidations under way, and the most formats of a size.
MAX_PATHS, MAX_FORMATS = 3000, 5
LOCAL_TIMEOUT = 20


def test_an_intention_outlasts_its_writer(each_stage: Template) -> None:
    workers = [
        function
        for function in each_stage.of_type("AWS::Lambda::Function").values()
        if function["Handler"] == "handlers.resize.handler"
    ]
    assert workers
    for worker in workers:
        settings = worker["Environment"]["Variables"]
        landing = int(settings["LANDING_SECONDS"])
        assert landing == (5 if worker["Timeout"] == LOCAL_TIMEOUT else 60)
        assert int(settings["PURGE_DELAY"]) == worker["Timeout"] + landing <= 900


def test_a_batch_is_no_more_than_cloudfront_works_on_at_once(each_stage: Template) -> None:
    mapping = each_stage.properties("PurgeEventSourceMappingSQSPurgeQueue")
    assert mapping["BatchSize"] * MAX_FORMATS <= MAX_PATHS
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumBatchingWindowInSeconds"] > 0


def test_its_queue_hides_messages_for_six_timeouts_and_gives_up_after_ten(
    each_stage: Template,
) -> None:
    queue = each_stage.properties("PurgeQueue")
    timeout = each_stage.properties("PurgeLambdaFunction")["Timeout"]
    assert queue["VisibilityTimeout"] > 6 * timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 10
    assert each_stage.properties("PurgeDlq")["MessageRetentionPeriod"] == 14 * 24 * 60 * 60


def test_purges_that_were_given_up_raise_an_alarm(dev: Template) -> None:
    alarm = dev.properties("AlarmOnPurgeDlq")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "image-fanout-dev-purge-dlq"}]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (0, 1)
    assert alarm["AlarmActions"]


def test_a_stage_can_do_without_purges(package: Package) -> None:
    template = package("dev", "--param=purge=false").document
    assert "purge" not in json.dumps(template).lower()
