"""`fanout doctor`: a healthy stage has no findings; each thing broken in it is one, with a cure."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lib.aws.functions import FunctionState
from lib.aws.sqs import get_attributes
from lib.console import CONSOLE_FUNCTIONS
from lib.operations.doctor.findings import Level
from lib.operations.doctor.functions import check_function
from lib.operations.stage_commands import StageCommands
from tests.integration.conftest import REGION
from tests.integration.deployed import (
    PREFIX,
    SIZES,
    Commands,
    Deployed,
    Run,
    answer,
    fanout,
    refuse,
)
from tests.integration.snapshot import made_once

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

__all__ = ["fanout"]

ACCOUNT = "123456789012"
PRIVATE: Any = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
DISTRIBUTION = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"


def policy(action: str, service: str, source: str, resource: str) -> str:
    statement = {
        "Effect": "Allow",
        "Action": [action],
        "Resource": resource,
        "Principal": {"Service": service},
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnEquals": {"AWS:SourceArn": source},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


class Stage(Deployed):
    """A whole stage, as serverless.yml makes it, as far as the doctor looks."""

    def __init__(self, **outputs: str) -> None:
        super().__init__(outputs=False)
        self.s3: S3Client = boto3.client("s3")
        self.sns: SNSClient = boto3.client("sns")
        self.cloudwatch: CloudWatchClient = boto3.client("cloudwatch")
        self.topic = self.sns.create_topic(Name=PREFIX)["TopicArn"]
        self.alarm_topic = self.sns.create_topic(Name=f"{PREFIX}-alarms")["TopicArn"]
        self.listener = self.sns.subscribe(
            TopicArn=self.alarm_topic, Protocol="sms", Endpoint="+4930123456"
        )["SubscriptionArn"]
        self.mappings: dict[str, str] = {}
        self.subscriptions: dict[str, str] = {}
        for size in SIZES:
            self.connect(size)
            self.configure(size, PURGE_QUEUE_URL=self.urls["purge"])
        for queue, most in (("fetch", 5), ("purge", 2)):
            self.function(SIZES[0], FunctionName=f"{PREFIX}-{queue}")
            self.drain(queue, queue, most=most)
            self.park(queue)
            self.alarm(f"{queue}-dlq")
        self.buckets()
        self.told = {
            "Sizes": json.dumps(SIZES),
            "TopicArn": self.topic,
            "AlarmTopicArn": self.alarm_topic,
            "DistributionId": "E1",
            "OriginalsBucketName": "originals",
            "ImagesBucketName": "images",
            "FailuresBucketName": "failures",
        }
        self.outputs(**self.told, **outputs)

    def arn(self, queue: str) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{PREFIX}-{queue}"

    def set(self, queue: str, **attributes: Any) -> None:
        # moto forgets a policy that is not set again.
        kept = get_attributes(self.sqs, self.urls[queue])
        attributes = {"Policy": kept.get("Policy", "")} | attributes
        self.sqs.set_queue_attributes(
            QueueUrl=self.urls[queue],
            Attributes={name: str(value) for name, value in attributes.items()},  # type: ignore[misc]
        )

    def connect(self, size: str) -> None:
        dlq, undelivered = f"{size}-dlq", f"{size}-subscription-dlq"
        self.park(size)
        self.set(
            size,
            VisibilityTimeout=901,
            Policy=policy("sqs:SendMessage", "sns.amazonaws.com", self.topic, self.arn(size)),
        )
        for each in (dlq, undelivered):
            self.set(each, MessageRetentionPeriod=14 * 86400)
            self.alarm(each)
        self.subscriptions[size] = self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=self.arn(size),
            ReturnSubscriptionArn=True,
            Attributes={
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": self.arn(undelivered)})
            },
        )["SubscriptionArn"]
        self.drain(size, f"resize-{size}", most=10)

    def park(self, queue: str) -> None:
        """Have SQS move a queue's messages to its DLQ at last."""
        redrive = {"deadLetterTargetArn": self.arn(f"{queue}-dlq"), "maxReceiveCount": 10}
        self.set(queue, RedrivePolicy=json.dumps(redrive))
        self.set(f"{queue}-dlq", MessageRetentionPeriod=14 * 86400)

    def configure(self, size: str, **changes: str) -> None:
        """Change the environment of a size's function."""
        name = f"{PREFIX}-resize-{size}"
        function = self.lambda_.get_function_configuration(FunctionName=name)
        self.lambda_.update_function_configuration(
            FunctionName=name,
            Environment={"Variables": function["Environment"]["Variables"] | changes},
        )

    def drain(self, queue: str, function: str, *, most: int) -> None:
        self.mappings[queue] = self.lambda_.create_event_source_mapping(
            EventSourceArn=self.arn(queue),
            FunctionName=f"{PREFIX}-{function}",
            ScalingConfig={"MaximumConcurrency": most},
        )["UUID"]

    def alarm(self, queue: str, **changes: Any) -> None:
        alarm: Any = {
            "AlarmName": f"{PREFIX}-{queue}-ApproximateNumberOfMessagesVisible",
            "AlarmActions": [self.alarm_topic],
            "Dimensions": [{"Name": "QueueName", "Value": f"{PREFIX}-{queue}"}],
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        self.cloudwatch.put_metric_alarm(**alarm | changes)

    def buckets(self) -> None:
        for bucket in ("originals", "images", "failures"):
            self.s3.create_bucket(
                Bucket=bucket,
                CreateBucketConfiguration={"LocationConstraint": REGION},
                ObjectOwnership="BucketOwnerEnforced",
            )
            self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=PRIVATE)
        self.let_read("cloudfront.amazonaws.com", DISTRIBUTION)
        self.sns.set_topic_attributes(
            TopicArn=self.topic,
            AttributeName="Policy",
            AttributeValue=policy(
                "sns:Publish", "s3.amazonaws.com", "arn:aws:s3:::originals", self.topic
            ),
        )
        self.tell("s3:ObjectCreated:*", "s3:ObjectRemoved:*")

    def let_read(self, service: str, source: str) -> None:
        text = policy("s3:GetObject", service, source, "arn:aws:s3:::images/*")
        self.s3.put_bucket_policy(Bucket="images", Policy=text)

    def tell(self, *events: Any) -> None:
        told: Any = [{"TopicArn": self.topic, "Events": [event]} for event in events]
        self.s3.put_bucket_notification_configuration(
            Bucket="originals", NotificationConfiguration={"TopicConfigurations": told}
        )


def account_limit(unreserved: int) -> dict[str, Any]:
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": unreserved}
    return {"AccountLimit": limit}


@pytest.fixture
def stage(fanout: Commands, monkeypatch: pytest.MonkeyPatch) -> Stage:
    answer(monkeypatch, "GetAccountSettings", account_limit(27))
    return made_once(Stage)


@pytest.fixture
def sizes_file(tmp_path: Path) -> Path:
    file = tmp_path / "sizes.yml"
    file.write_text("sizes: [400x300, {name: thumbnail, width: 400, height: 300}]\n")
    return file


@pytest.fixture
def doctor(fanout: Commands, sizes_file: Path) -> Callable[..., Run]:
    return lambda *more: fanout("doctor", "--sizes-file", str(sizes_file), *more)


def test_a_healthy_stage_has_no_findings(stage: Stage, doctor: Callable[..., Run]) -> None:
    run = doctor()
    assert (run.code, run.out) == (0, "")
    assert run.err == "37 ok, 0 warnings, 0 problems\n"
    levels = {json.loads(line)["level"] for line in doctor("--json").out.splitlines()}
    assert levels == {"ok"}


PUBLIC = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}
)

BREAKAGES: dict[str, tuple[Callable[[Stage], Any], str, str]] = {
    "visibility below the timeout": (
        lambda stage: stage.set("400x300", VisibilityTimeout=149),
        "problem",
        "400x300: messages are hidden for 149 s, a batch may take 150 s",
    ),
    "visibility below six timeouts": (
        lambda stage: stage.set("400x300", VisibilityTimeout=899),
        "warning",
        "400x300: messages are hidden for 899 s",
    ),
    "no redrive": (
        lambda stage: stage.set("thumbnail", RedrivePolicy=""),
        "problem",
        "thumbnail: its queue's redrive policy does not name image-fanout-dev-thumbnail-dlq",
    ),
    "redrive to another size": (
        lambda stage: stage.set(
            "thumbnail",
            RedrivePolicy=json.dumps(
                {"deadLetterTargetArn": stage.arn("400x300-dlq"), "maxReceiveCount": 10}
            ),
        ),
        "problem",
        "thumbnail: its queue's redrive policy does not name",
    ),
    "redrive too soon": (
        lambda stage: stage.set(
            "thumbnail",
            RedrivePolicy=json.dumps(
                {"deadLetterTargetArn": stage.arn("thumbnail-dlq"), "maxReceiveCount": 4}
            ),
        ),
        "warning",
        "thumbnail: a message becomes a dead letter after 4 receives",
    ),
    "letters kept as long as messages": (
        lambda stage: stage.set("400x300-dlq", MessageRetentionPeriod=4 * 86400),
        "problem",
        "400x300: image-fanout-dev-400x300-dlq keeps messages for 4 days, the queue for 4 days",
    ),
    "queue policy for another topic": (
        lambda stage: stage.set(
            "400x300",
            Policy=policy(
                "sqs:SendMessage",
                "sns.amazonaws.com",
                stage.alarm_topic,
                stage.arn("400x300"),
            ),
        ),
        "problem",
        "400x300: the topic may not send to image-fanout-dev-400x300",
    ),
    "no subscription": (
        lambda stage: stage.sns.unsubscribe(SubscriptionArn=stage.subscriptions["400x300"]),
        "problem",
        "400x300: its queue is not subscribed",
    ),
    "subscription without a DLQ": (
        lambda stage: stage.sns.set_subscription_attributes(
            SubscriptionArn=stage.subscriptions["400x300"],
            AttributeName="RedrivePolicy",
            AttributeValue="",
        ),
        "warning",
        "400x300: its subscription has no dead-letter queue",
    ),
    "a filter of other paths": (
        lambda stage: [
            stage.sns.set_subscription_attributes(
                SubscriptionArn=stage.subscriptions["400x300"],
                AttributeName=name,
                AttributeValue=value,
            )
            for name, value in {
                "FilterPolicyScope": "MessageBody",
                "FilterPolicy": json.dumps({"Records": {"eventName": ["never"]}}),
            }.items()
        ],
        "problem",
        "400x300: its subscription has another filter policy",
    ),
    "topic policy for another bucket": (
        lambda stage: stage.sns.set_topic_attributes(
            TopicArn=stage.topic,
            AttributeName="Policy",
            AttributeValue=policy(
                "sns:Publish", "s3.amazonaws.com", "arn:aws:s3:::images", stage.topic
            ),
        ),
        "problem",
        "the originals bucket may not publish",
    ),
    "notification overwritten": (
        lambda stage: stage.tell("s3:ObjectCreated:*"),
        "problem",
        "does not notify the topic of s3:ObjectRemoved:*",
    ),
    "nobody hears alarms": (
        lambda stage: stage.sns.unsubscribe(SubscriptionArn=stage.listener),
        "warning",
        "nobody is subscribed to the alarms",
    ),
    "no alarm": (
        lambda stage: stage.cloudwatch.delete_alarms(
            AlarmNames=[f"{PREFIX}-400x300-dlq-ApproximateNumberOfMessagesVisible"]
        ),
        "warning",
        "image-fanout-dev-400x300-dlq: no alarm watches it",
    ),
    "an alarm that is off": (
        lambda stage: stage.alarm("400x300-dlq", ActionsEnabled=False),
        "warning",
        "image-fanout-dev-400x300-dlq: its alarm notifies nobody",
    ),
    "originals not private": (
        lambda stage: stage.s3.put_public_access_block(
            Bucket="originals",
            PublicAccessBlockConfiguration=PRIVATE | {"RestrictPublicBuckets": False},
        ),
        "problem",
        "the originals bucket: Block Public Access is not fully on",
    ),
    "no block at all": (
        lambda stage: stage.s3.delete_public_access_block(Bucket="failures"),
        "problem",
        "the failures bucket: Block Public Access is not fully on",
    ),
    "ACLs count": (
        lambda stage: stage.s3.put_bucket_ownership_controls(
            Bucket="originals",
            OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        ),
        "warning",
        "the originals bucket: Object Ownership is ObjectWriter: ACLs are on",
    ),
    "pictures for another distribution": (
        lambda stage: stage.let_read("cloudfront.amazonaws.com", DISTRIBUTION + "X"),
        "problem",
        "the images bucket: the CDN may not read it",
    ),
    "pictures by ACL alone": (
        lambda stage: (
            stage.s3.delete_bucket_policy(Bucket="images"),
            stage.s3.delete_bucket_ownership_controls(Bucket="images"),
            stage.s3.delete_public_access_block(Bucket="images"),
        ),
        "warning",
        "the images bucket: no policy lets anybody read it, only ACLs can",
    ),
    "public pictures behind a block": (
        lambda stage: stage.s3.put_bucket_policy(Bucket="images", Policy=PUBLIC),
        "problem",
        "the images bucket: its policy is public, and Block Public Access overrules it",
    ),
    "worker switched off": (
        lambda stage: stage.lambda_.delete_event_source_mapping(UUID=stage.mappings["400x300"]),
        "problem",
        "400x300: its function does not drain its queue",
    ),
    "fetching switched off": (
        lambda stage: stage.lambda_.delete_event_source_mapping(UUID=stage.mappings["fetch"]),
        "problem",
        "fetch: its function does not drain its queue",
    ),
    "purging switched off": (
        lambda stage: stage.lambda_.delete_event_source_mapping(UUID=stage.mappings["purge"]),
        "problem",
        "purge: its function does not drain its queue",
    ),
    "no alarm on fetches": (
        lambda stage: stage.cloudwatch.delete_alarms(
            AlarmNames=[f"{PREFIX}-fetch-dlq-ApproximateNumberOfMessagesVisible"]
        ),
        "warning",
        "image-fanout-dev-fetch-dlq: no alarm watches it",
    ),
    "an alarm on purges that is off": (
        lambda stage: stage.alarm("purge-dlq", ActionsEnabled=False),
        "warning",
        "image-fanout-dev-purge-dlq: its alarm notifies nobody",
    ),
    "no redrive of fetches": (
        lambda stage: stage.set("fetch", RedrivePolicy=""),
        "problem",
        "fetch: its queue's redrive policy does not name image-fanout-dev-fetch-dlq",
    ),
    "letters of purges kept as long as messages": (
        lambda stage: stage.set("purge-dlq", MessageRetentionPeriod=4 * 86400),
        "problem",
        "purge: image-fanout-dev-purge-dlq keeps messages for 4 days, the queue for 4 days",
    ),
    "an old runtime": (
        lambda stage: stage.lambda_.update_function_configuration(
            FunctionName=f"{PREFIX}-resize-400x300", Runtime="python3.9"
        ),
        "warning",
        "400x300: python3.9 is not in the list of runtimes",
    ),
}


# Only neighbours break the same thing, three at most; the others are broken, and found, together.
@pytest.mark.parametrize("first", range(3))
def test_what_is_broken_is_found_with_a_cure(
    stage: Stage, doctor: Callable[..., Run], first: int
) -> None:
    broken = dict(list(BREAKAGES.items())[first::3])
    for break_, *_ in broken.values():
        break_(stage)
    run = doctor("--json")
    findings = [json.loads(line) for line in run.out.splitlines()]
    for breakage, (_, level, what) in broken.items():
        found = [each for each in findings if what in each["what"]]
        assert [each["level"] for each in found] == [level], (breakage, findings)
        assert found[0]["why"]
        assert found[0]["cure"]
    assert run.code == 1


def test_the_functions_of_the_console_are_checked_where_there_is_one(
    stage: Stage, doctor: Callable[..., Run]
) -> None:
    boto3.client("cloudformation").delete_stack(StackName=PREFIX)
    stage.outputs(**stage.told, ConsoleUrl="https://cdn.example/_console/index.html")
    *others, missing = CONSOLE_FUNCTIONS
    for name in others:
        stage.function(SIZES[0], FunctionName=f"{PREFIX}-{name}")
    run = doctor()
    assert run.code == 1
    assert run.out.startswith(f"problem: {PREFIX}-{missing}: there is no such function\n")
    assert "npx sls deploy --stage dev" in run.out
    stage.function(SIZES[0], FunctionName=f"{PREFIX}-{missing}", Runtime="python3.9")
    run = doctor()
    assert run.code == 0
    assert run.out.startswith(f"warning: {PREFIX}-{missing}: python3.9 is not in the list")
    assert run.err.startswith(f"{37 + 2 * len(CONSOLE_FUNCTIONS) - 1} ok")


def test_a_function_that_lambda_does_not_run_is_a_problem() -> None:
    state = FunctionState("python3.13", "The KMS key is disabled")
    found = list(check_function("x-console", state, date(2026, 11, 1)))
    assert [each.level for each in found] == [Level.OK, Level.PROBLEM]
    assert found[1].what == "x-console: The KMS key is disabled"


class TestAStageWithoutACdn:
    """Its pictures are public by ACL."""

    @pytest.fixture(autouse=True)
    def public(self, stage: Stage) -> None:
        outputs = {name: told for name, told in stage.told.items() if name != "DistributionId"}
        boto3.client("cloudformation").delete_stack(StackName=PREFIX)
        stage.outputs(**outputs)
        self.own(stage, "BucketOwnerPreferred")
        stage.s3.put_public_access_block(
            Bucket="images",
            PublicAccessBlockConfiguration=PRIVATE
            | {"BlockPublicAcls": False, "IgnorePublicAcls": False},
        )

    def own(self, stage: Stage, ownership: Any) -> None:
        stage.s3.put_bucket_ownership_controls(
            Bucket="images", OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]}
        )

    def test_is_well_with_acls_that_count(self, doctor: Callable[..., Run]) -> None:
        run = doctor("--json")
        assert "everybody may read what has a public ACL" in run.out
        assert '"warning"' not in run.out
        assert '"problem"' not in run.out

    def test_needs_acls(self, stage: Stage, doctor: Callable[..., Run]) -> None:
        self.own(stage, "BucketOwnerEnforced")
        run = doctor()
        assert run.code == 1
        assert "problem: the images bucket: ACLs are off" in run.out

    @pytest.mark.parametrize("setting", ["BlockPublicAcls", "IgnorePublicAcls"])
    def test_needs_acls_that_may_be_public(
        self, stage: Stage, doctor: Callable[..., Run], setting: str
    ) -> None:
        block: Any = {"BlockPublicAcls": False, "IgnorePublicAcls": False, setting: True}
        stage.s3.put_public_access_block(Bucket="images", PublicAccessBlockConfiguration=block)
        run = doctor()
        assert run.code == 1
        assert "problem: the images bucket: Block Public Access overrules" in run.out


def test_a_finding_is_told_with_its_reason_and_cure(
    stage: Stage, doctor: Callable[..., Run]
) -> None:
    stage.set("400x300", VisibilityTimeout=149)
    run = doctor()
    assert run.out == (
        "problem: 400x300: messages are hidden for 149 s, a batch may take 150 s\n"
        "    why it matters: a second worker gets each message while the first works on it\n"
        "    cure: deploy the stage again: npx sls deploy --stage dev\n"
    )
    assert run.err == "36 ok, 0 warnings, 1 problem\n"


def test_cures_name_the_region_that_was_typed_and_what_they_act_on(
    stage: Stage, doctor: Callable[..., Run]
) -> None:
    stage.lambda_.update_event_source_mapping(UUID=stage.mappings["400x300"], Enabled=False)
    stage.alarm("400x300-dlq", ActionsEnabled=False)
    stage.sns.unsubscribe(SubscriptionArn=stage.subscriptions["400x300"])
    stage.sns.unsubscribe(SubscriptionArn=stage.listener)
    run = doctor("--region", REGION, "--json")
    found = map(json.loads, run.out.splitlines())
    cures = {each["what"]: each["cure"] for each in found if each["level"] != "ok"}
    deploy = f"deploy the stage again: npx sls deploy --stage dev --region {REGION}"
    assert cures == {
        "nobody is subscribed to the alarms": (
            f"aws sns subscribe --topic-arn {stage.alarm_topic} --protocol email "
            f"--notification-endpoint … --region {REGION}"
        ),
        "400x300: its queue is not subscribed to the topic": (
            f"{deploy}; then render what was missed: "
            f"./fanout audit --stage dev --region {REGION} --repair"
        ),
        "image-fanout-dev-400x300-dlq: its alarm notifies nobody": (
            "aws cloudwatch enable-alarm-actions --alarm-names "
            f"{PREFIX}-400x300-dlq-ApproximateNumberOfMessagesVisible --region {REGION}; "
            f"if it has none, {deploy}"
        ),
        "400x300: its function does not drain its queue": (
            f"{deploy}; if it was switched off by hand: aws lambda update-event-source-mapping "
            f"--enabled --uuid {stage.mappings['400x300']} --region {REGION}"
        ),
    }


def test_the_cure_of_the_local_stack_is_its_own_command() -> None:
    """sls would deploy with the credentials of the shell."""
    assert StageCommands("local").deploy == "make local"


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        (
            "- 120x120",
            "npx sls deploy --stage dev; then ./fanout backfill --stage dev --size 120x120",
        ),
        ("", "npx sls deploy --stage dev; then ./fanout audit --stage dev lists its variants"),
        (
            "- {THUMBNAIL, quality: 70, browser_seconds: 9, formats: [webp]}",
            "npx sls deploy --stage dev; then, once its queue is empty: "
            "./fanout backfill --stage dev --size thumbnail --stale",
        ),
        (
            "- {THUMBNAIL, browser_seconds: 9, formats: [webp]}",
            "npx sls deploy --stage dev; then, once its queue is empty: "
            "./fanout audit --stage dev --deep --repair",
        ),
        (
            "- {THUMBNAIL, formats: [webp], memory: 512}",
            "npx sls deploy --stage dev; then, once its queue is empty: "
            "./fanout backfill --stage dev --size thumbnail",
        ),
        (
            "- {THUMBNAIL, paths: [a/], quality: 70}",
            "npx sls deploy --stage dev; then, once its queue is empty: "
            "./fanout audit --stage dev --deep --repair",
        ),
        (
            "- {THUMBNAIL, except: [a/]}",
            "npx sls deploy --stage dev; then, once its queue is empty: "
            "./fanout audit --stage dev --repair",
        ),
        ("- {THUMBNAIL, memory: 512}", "npx sls deploy --stage dev"),
    ],
)
def test_the_cure_of_another_size_renders_what_its_change_makes_stale(
    stage: Stage, doctor: Callable[..., Run], sizes_file: Path, written: str, cure: str
) -> None:
    thumbnail = "name: thumbnail, width: 400, height: 300"
    entries = {"- 400x300", written.replace("THUMBNAIL", thumbnail)}
    if "120" in written:
        entries.add(f"- {{{thumbnail}}}")
    sizes_file.write_text("sizes:\n" + "".join(f"  {entry}\n" for entry in sorted(entries)))
    run = doctor()
    assert f"    cure: deploy the stage again: {cure}\n" in run.out
    assert run.err == "36 ok, 1 warning, 0 problems\n"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("- 120x120", "120x120 is in sizes.yml and not deployed"),
        ("", "thumbnail is deployed and not in sizes.yml"),
        (
            "- {name: thumbnail, width: 400, height: 300, quality: 70, format: webp}",
            "thumbnail is deployed with another format, quality than sizes.yml has",
        ),
    ],
)
def test_sizes_yml_is_compared_with_what_is_deployed(
    stage: Stage, doctor: Callable[..., Run], sizes_file: Path, written: str, what: str
) -> None:
    sizes_file.write_text(f"sizes:\n  - 400x300\n  {written}\n")
    run = doctor()
    assert run.code == 0
    assert f"warning: {what}\n" in run.out


def test_more_functions_than_the_account_may_run_are_found(
    stage: Stage, doctor: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten workers a size, five functions that fetch, and two that purge."""
    answer(monkeypatch, "GetAccountSettings", account_limit(26))
    said = "queues may have 27 functions running at once, the account may run 26"
    assert said in doctor().out


def test_a_stage_without_purges_has_fewer(
    stage: Stage, doctor: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.lambda_.delete_event_source_mapping(UUID=stage.mappings["purge"])
    for size in SIZES:
        stage.configure(size, PURGE_QUEUE_URL="")
    answer(monkeypatch, "GetAccountSettings", account_limit(24))
    run = doctor()
    assert "queues may have 25 functions running at once, the account may run 24" in run.out
    assert run.code == 0


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ("GetPublicAccessBlock", "the buckets: not checked"),
        ("GetTopicAttributes", "the topic: not checked"),
        ("DescribeAlarms", "the alarms: not checked"),
        ("GetAccountSettings", "the workers: not checked"),
        ("GetQueueAttributes", "the queues of thumbnail: not checked"),
    ],
)
def test_what_may_not_be_looked_at_is_said_and_hides_nothing_else(
    stage: Stage,
    doctor: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    what: str,
) -> None:
    stage.lambda_.delete_event_source_mapping(UUID=stage.mappings["400x300"])
    refuse(monkeypatch, operation, "AccessDenied")
    run = doctor()
    assert run.code == 1
    assert f"warning: {what}\n    why it matters: These credentials may not " in run.out
    assert "400x300: its function does not drain its queue" in run.out


def test_a_stage_that_another_version_deployed_is_said(
    stage: Stage, doctor: Callable[..., Run]
) -> None:
    stage.lambda_.update_function_configuration(
        FunctionName=f"{PREFIX}-resize-400x300",
        Environment={
            "Variables": {
                "SIZE": '{"name": "400x300", "colour": "blue"}',
                "QUEUE_URL": stage.urls["400x300"],
                "DLQ_URL": stage.urls["400x300-dlq"],
            }
        },
    )
    run = doctor()
    assert run.code == 0
    assert "image-fanout-dev was deployed by another version of this program" in run.out
