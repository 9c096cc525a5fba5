"""One program asks AWS before a deploy: what it says, in which order, and when it says no."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.hooks.before_deploy import main
from lib.sizes.filters import PASS_ALL
from tests.integration.conftest import REGION
from tests.integration.deployed import answer, refuse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

QUEUE = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "old"}}}
BUCKET = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "originals"}}}
DEPLOY = {"abandon_secrets": False, "adopt": False}


class Asked:
    """Runs the program as the plugin does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = monkeypatch, capsys
        # Of the last run: the template with what is added to it.
        self.resources: dict[str, Any] = {}

    def __call__(self, resources: dict[str, Any], **given: Any) -> tuple[int, list[str], str]:
        """Its exit code, the lines to show at once, and what is on standard error."""
        template = {"Resources": resources}
        asked = {
            "stack": "stack",
            "stage": "dev",
            "region": "eu-west-1",
            "template": template,
            "abandon_messages": False,
        }
        self._patch.setattr("sys.stdin", io.StringIO(json.dumps(asked | given)))
        code = main()
        output = self._capsys.readouterr()
        if not output.out:
            return code, [], output.err
        result = json.loads(output.out)
        assert (result["after"], result["was_private"]) == ([], False)
        self.resources = result["template"]["Resources"]
        return code, result["now"], output.err


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asked:
    # moto knows no limits of an account.
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
    answer(monkeypatch, "GetAccountSettings", {"AccountLimit": limits})
    return Asked(monkeypatch, capsys)


def with_stack() -> None:
    """Deploys a stack with a queue."""
    body = json.dumps({"Resources": QUEUE})
    boto3.client("cloudformation").create_stack(StackName="stack", TemplateBody=body)


@pytest.fixture
def _full_queue() -> None:
    """A deployed stack whose one queue has a message."""
    with_stack()
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="old")["QueueUrl"], MessageBody="x")


def test_a_first_deploy_finds_nothing_to_say(asked: Asked) -> None:
    assert asked({**QUEUE, **BUCKET}, **DEPLOY) == (0, [], "")


@pytest.mark.usefixtures("_full_queue")
def test_a_removal_looks_at_queues_alone(asked: Asked) -> None:
    code, output, reason = asked({})
    assert (code, output) == (1, [])
    assert "old: 1 message" in reason
    lost = ["Abandoning with its queue old: 1 message"]
    assert asked({}, abandon_messages=True) == (0, lost, "")


def test_a_broken_aws_configuration_is_one_sentence(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "config"
    broken.write_text("[default\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(broken))
    code, output, reason = asked({**QUEUE, **BUCKET}, **DEPLOY)
    assert (code, output) == (1, [])
    assert reason == f"The AWS configuration cannot be read: correct the syntax of {broken}\n"


def test_a_bucket_in_the_way_stops_a_deploy(asked: Asked, s3: "S3Client") -> None:
    s3.create_bucket(Bucket="originals", CreateBucketConfiguration={"LocationConstraint": REGION})
    code, output, reason = asked(BUCKET, **DEPLOY)
    assert (code, output) == (1, [])
    assert "adopt=true" in reason


@pytest.mark.usefixtures("_full_queue")
def test_what_was_found_before_a_refusal_is_said_too(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "GetCallerIdentity", "AccessDenied")
    code, _, reason = asked(BUCKET, abandon_messages=True, **DEPLOY)
    assert code == 1
    found, refusal = reason.splitlines()
    assert found == "Abandoning with its queue old: 1 message"
    assert refusal.startswith("asking whose account this is")


def subscriptions(**filters: dict[str, Any]) -> dict[str, Any]:
    return {
        logical: {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"TopicArn": "arn", "Protocol": "sqs", "Endpoint": "arn", **properties},
        }
        for logical, properties in filters.items()
    }


FILTER = {"FilterPolicyScope": "MessageBody", "FilterPolicy": {"Records": {}}}


def test_a_subscription_that_had_a_filter_keeps_one_which_lets_all_through(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation cannot take its scope away."""
    with_stack()
    deployed = subscriptions(Had=FILTER, Has=FILTER, Never={}, Gone=FILTER)
    answer(monkeypatch, "GetTemplate", {"TemplateBody": {"Resources": deployed}})
    code, _, _ = asked(subscriptions(Had={}, Has=FILTER, Never={}, New={}), **DEPLOY)
    assert code == 0
    assert asked.resources == subscriptions(Had=PASS_ALL, Has=FILTER, Never={}, New={})


def test_before_a_first_deploy_there_is_no_filter_to_keep(asked: Asked) -> None:
    asked(subscriptions(New={}), **DEPLOY)
    assert asked.resources == subscriptions(New={})


def test_a_deploy_stops_where_the_deployed_template_cannot_be_read(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_stack()
    refuse(monkeypatch, "GetTemplate", "AccessDenied")
    code, _, reason = asked(subscriptions(New={}), **DEPLOY)
    assert code == 1
    assert "read the template of the stack stack" in reason
