"""Purges: the queue that they wait in, and the stage that has none."""

import json
import re
from pathlib import Path

from lib.pipeline.invalidations import MAX_WILDCARDS
from tests.infrastructure.conftest import LESS, Package
from tests.infrastructure.generated import generated
from tests.infrastructure.template import Template

# CloudFront's limit on the paths of all invalidations under way, and the most formats of a size.
MAX_PATHS, MAX_FORMATS = 3000, 5
LOCAL_TIMEOUT = 20
# Seconds that a picture may take on demand: what it was made from may be replaced meanwhile.
ON_DEMAND = 25


def test_an_intention_outlasts_its_writer_and_a_picture_on_demand(each_stage: Template) -> None:
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
        slowest = max(worker["Timeout"], ON_DEMAND)
        assert int(settings["PURGE_DELAY"]) == slowest + landing <= 900


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


def test_its_function_parks_what_cloudfront_refuses_and_sends_nothing_else(dev: Template) -> None:
    settings = dev.properties("PurgeLambdaFunction")["Environment"]["Variables"]
    assert settings["DLQ_URL"] == dev.resolved({"Ref": "PurgeDlq"})
    queues = "arn:aws:sqs:eu-west-1:123456789012:image-fanout-dev"
    assert dev.role_allows("RoleOfPurge", "sqs:SendMessage", f"{queues}-purge-dlq")
    assert not dev.role_allows("RoleOfPurge", "sqs:SendMessage", f"{queues}-purge")
    assert not dev.role_allows("RoleOfPurge", "sqs:SendMessage", f"{queues}-400x300-dlq")


def test_purges_that_were_given_up_raise_an_alarm(dev: Template) -> None:
    alarm = dev.properties("AlarmOnPurgeDlq")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "image-fanout-dev-purge-dlq"}]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (0, 1)
    assert alarm["AlarmActions"]


class TestWithSignedPictures:
    """A photo's have a wildcard, and CloudFront works on 15 of these at once."""

    def test_batches_are_gathered_for_long_and_few_have_wildcards_at_once(
        self, tmp_path: Path
    ) -> None:
        template = generated(tmp_path, ["1x1"], on_demand=["signed"])
        function = template["functions"]["purge"]
        (event,) = function["events"]
        assert function["environment"]["SERVE_SIGNED"] == "true"
        worker = template["functions"]["resize-1x1"]
        assert worker["environment"]["SERVE_SIGNED"] == "true"
        assert event["sqs"]["maximumConcurrency"] * MAX_WILDCARDS <= 15
        assert event["sqs"]["maximumBatchingWindow"] == 60
        queue = template["resources"]["Resources"]["PurgeQueue"]["Properties"]
        assert queue["VisibilityTimeout"] == 6 * function["timeout"] + 60

    def test_other_stages_have_none_of_it(self, dev: Template) -> None:
        purge = dev.properties("PurgeLambdaFunction")
        assert purge["Environment"]["Variables"]["SERVE_SIGNED"] == "false"
        worker = dev.properties("ResizeDash400x300LambdaFunction")
        assert "SERVE_SIGNED" not in worker["Environment"]["Variables"]
        mapping = dev.properties("PurgeEventSourceMappingSQSPurgeQueue")
        assert mapping["MaximumBatchingWindowInSeconds"] == 1


def test_a_stage_can_do_without_purges(package: Package) -> None:
    template = json.dumps(package("dev", *LESS).document).lower()
    # The route that purges dead letters has another meaning of the word.
    assert "purge" not in re.sub(r"dead-?(dash)?letters/?purge", "", template)
