"""Every number of the chain, on the compiled template."""

from pathlib import Path

import pytest

from lib.sizes import Size
from tests.infrastructure.conftest import Package
from tests.infrastructure.generated import generated
from tests.infrastructure.template import Template

DAY = 24 * 60 * 60
SIZES = ("800x600", "400x300", "1200x", "Thumbnail")


@pytest.mark.parametrize("size", SIZES)
class TestEverySize:
    def test_its_function_waits_for_no_second_message(
        self, each_stage: Template, size: str
    ) -> None:
        assert _mapping(each_stage, size)["MaximumBatchingWindowInSeconds"] == 0

    def test_its_queue_hides_messages_for_six_timeouts(
        self, each_stage: Template, size: str
    ) -> None:
        timeout = each_stage.properties(_function(each_stage, size))["Timeout"]
        assert each_stage.properties(f"Queue{size}")["VisibilityTimeout"] == 6 * timeout

    def test_its_queue_keeps_four_days_and_gives_up_after_ten_receives(
        self, dev: Template, size: str
    ) -> None:
        queue = dev.properties(f"Queue{size}")
        assert queue["MessageRetentionPeriod"] == 4 * DAY
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["RedrivePolicy"] == {
            "deadLetterTargetArn": dev.resolved({"Fn::GetAtt": [f"Dlq{size}", "Arn"]}),
            "maxReceiveCount": 10,
        }

    @pytest.mark.parametrize("kind", ["Dlq", "SubscriptionDlq"])
    def test_its_dead_letters_are_kept_for_fourteen_days(
        self, dev: Template, size: str, kind: str
    ) -> None:
        assert dev.properties(f"{kind}{size}")["MessageRetentionPeriod"] == 14 * DAY

    @pytest.mark.parametrize("kind", ["Queue", "SubscriptionDlq"])
    def test_only_the_topic_may_send(self, dev: Template, size: str, kind: str) -> None:
        policy = dev.properties(f"PolicyOf{kind}{size}")
        assert policy["Queues"] == [f"{kind}{size}"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement == {
            "Effect": "Allow",
            "Action": ["sqs:SendMessage"],
            "Resource": dev.resolved({"Fn::GetAtt": [f"{kind}{size}", "Arn"]}),
            "Principal": {"Service": "sns.amazonaws.com"},
            "Condition": {"ArnEquals": {"aws:SourceArn": dev.resolved({"Ref": "Topic"})}},
        }

    def test_its_subscription_is_raw_and_has_a_dead_letter_queue(
        self, dev: Template, size: str
    ) -> None:
        subscription = dev.properties(f"TopicSubscription{size}")
        assert subscription["TopicArn"] == dev.resolved({"Ref": "Topic"})
        assert subscription["Endpoint"] == dev.resolved({"Fn::GetAtt": [f"Queue{size}", "Arn"]})
        assert subscription["RawMessageDelivery"] is True
        undelivered = dev.resolved({"Fn::GetAtt": [f"SubscriptionDlq{size}", "Arn"]})
        assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": undelivered}

    def test_batches_are_partial_and_their_number_is_bounded(
        self, dev: Template, size: str
    ) -> None:
        mapping = _mapping(dev, size)
        assert mapping["BatchSize"] == 10
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": 10}

    def test_all_ten_of_a_batch_can_begin_within_the_timeout(
        self, each_stage: Template, size: str
    ) -> None:
        function = each_stage.properties(_function(each_stage, size))
        reserve = float(function["Environment"]["Variables"]["RESERVE_SECONDS"])
        assert 10 * reserve <= function["Timeout"]

    def test_what_malloc_keeps_fits_beside_the_largest_render(
        self, dev: Template, size: str
    ) -> None:
        function = dev.properties(_function(dev, size))
        environment = function["Environment"]["Variables"]
        assert environment["MALLOC_ARENA_MAX"] == "1"
        kept = int(environment["MALLOC_TRIM_THRESHOLD_"])
        settings = Size.model_validate_json(environment["SIZE"])
        assert 0 < kept + settings.pixel_memory < function["MemorySize"] * 0.95 * 2**20

    def test_in_the_cloud_a_photo_has_fifteen_seconds(self, dev: Template, size: str) -> None:
        function = dev.properties(_function(dev, size))
        assert function["Environment"]["Variables"]["RESERVE_SECONDS"] == "15.0"
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["arm64"]
        assert function["MemorySize"] == 1769

    @pytest.mark.parametrize(
        ("kind", "metric", "above"),
        [
            ("AlarmOnDlq", "ApproximateNumberOfMessagesVisible", 0),
            ("AlarmOnSubscriptionDlq", "ApproximateNumberOfMessagesVisible", 0),
            ("AlarmOnAge", "ApproximateAgeOfOldestMessage", 900),
        ],
    )
    def test_dead_letters_and_waiting_messages_raise_alarms(
        self, dev: Template, size: str, kind: str, metric: str, above: int
    ) -> None:
        alarm = dev.properties(f"{kind}{size}")
        watched = {"AlarmOnDlq": "Dlq", "AlarmOnAge": "Queue"}.get(kind, "SubscriptionDlq")
        name = dev.properties(f"{watched}{size}")["QueueName"]
        assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": name}]
        assert (alarm["MetricName"], alarm["Threshold"]) == (metric, above)
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmActions"] == [dev.resolved({"Ref": "AlarmTopic"})]


def _function(template: Template, size: str) -> str:
    found = [
        logical
        for logical in template.of_type("AWS::Lambda::Function")
        if logical.lower() == f"resizedash{size.lower()}lambdafunction"
    ]
    return found[0]


def _mapping(template: Template, size: str) -> dict[str, object]:
    queue = template.resolved({"Fn::GetAtt": [f"Queue{size}", "Arn"]})
    mappings = template.of_type("AWS::Lambda::EventSourceMapping").values()
    (mapping,) = [mapping for mapping in mappings if mapping["EventSourceArn"] == queue]
    return dict(mapping)


def test_prod_may_run_more_workers_at_once(package: Package) -> None:
    mapping = _mapping(package("prod"), "400x300")
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 50}


def test_no_kind_of_resource_is_the_beginning_of_another(tmp_path: Path) -> None:
    """Else two sizes could give one logical id: Queue + PolicyX = QueuePolicy + X."""
    resources = generated(tmp_path, [{"name": "unique", "width": 10}])["resources"]["Resources"]
    kinds = [each.removesuffix("Unique") for each in resources if each.endswith("Unique")]
    assert "PolicyOfQueue" in kinds
    assert [(a, b) for a in kinds for b in kinds if a != b and b.startswith(a)] == []
