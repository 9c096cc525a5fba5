"""A deploy that would delete a queue with messages in it is refused, unless forced."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.hooks.loss_guard import check_messages, check_secrets, find_losses, find_removed
from lib.errors import ConfigError, TransientError
from lib.operations.stage_commands import StageCommands
from tests.infrastructure.generated import generated
from tests.integration.deployed import answer

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient


def queue(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}


BOTH = {"Resources": {"QueueOld": queue("old"), "QueueNew": queue("new")}}
WITHOUT_OLD = {"Resources": {"QueueNew": queue("new")}}


@pytest.fixture
def sqs() -> "SQSClient":
    """A deployed stack with two queues."""
    boto3.client("cloudformation").create_stack(StackName="stack", TemplateBody=json.dumps(BOTH))
    return boto3.client("sqs")


def check(
    sqs: "SQSClient", template: dict[str, Any], *, force: bool = False, stack: str = "stack"
) -> list[str]:
    removed = find_removed(boto3.client("cloudformation"), stack, template)
    return check_messages(sqs, removed, stack, StageCommands("dev", "eu-west-1"), force=force)


def send(sqs: "SQSClient", name: str) -> None:
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], MessageBody="x")


def test_a_removed_queue_with_messages_stops_the_deploy(sqs: "SQSClient") -> None:
    send(sqs, "old")
    with pytest.raises(ConfigError, match=r"old: 1 message(.|\n)*abandon_messages=true"):
        check(sqs, WITHOUT_OLD)


def test_messages_that_are_being_worked_on_count_too(sqs: "SQSClient") -> None:
    send(sqs, "old")
    sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="old")["QueueUrl"])
    with pytest.raises(ConfigError, match="old: 1 message"):
        check(sqs, WITHOUT_OLD)


def test_forced_it_goes_on_and_says_what_is_lost(sqs: "SQSClient") -> None:
    send(sqs, "old")
    assert check(sqs, WITHOUT_OLD, force=True) == ["old: 1 message"]


def test_a_stack_that_is_removed_loses_all_its_queues(sqs: "SQSClient") -> None:
    assert check(sqs, {"Resources": {}}) == []
    send(sqs, "new")
    with pytest.raises(ConfigError, match="new: 1 message"):
        check(sqs, {"Resources": {}})


def test_an_empty_queue_may_go_and_a_full_one_may_stay(sqs: "SQSClient") -> None:
    send(sqs, "new")
    assert check(sqs, WITHOUT_OLD) == []
    assert check(sqs, BOTH) == []


def test_a_queue_somebody_deleted_by_hand_is_no_obstacle(sqs: "SQSClient") -> None:
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="old")["QueueUrl"])
    assert check(sqs, WITHOUT_OLD) == []


def test_the_first_deploy_has_nothing_to_lose() -> None:
    assert check(boto3.client("sqs"), WITHOUT_OLD) == []


def test_the_commands_that_empty_the_queues_are_named() -> None:
    stack = "image-fanout-dev"
    names = ["small", "small-dlq", "large-dlq", "large-subscription-dlq", "fetch-dlq", "purge"]
    resources = {f"Queue{number}": queue(f"{stack}-{name}") for number, name in enumerate(names)}
    boto3.client("cloudformation").create_stack(
        StackName=stack, TemplateBody=json.dumps({"Resources": resources})
    )
    sqs = boto3.client("sqs")
    for name in names:
        send(sqs, f"{stack}-{name}")
    send(sqs, f"{stack}-small")
    with pytest.raises(ConfigError) as caught:
        check(sqs, {"Resources": {}}, stack=stack)
    lines = str(caught.value).splitlines()
    assert sorted(lines[1:7]) == sorted(
        [f"  {stack}-small: 2 messages", *(f"  {stack}-{name}: 1 message" for name in names[1:])]
    )
    stage = "--stage dev --region eu-west-1"
    assert lines[7:] == [
        "Wait until the workers have taken the messages of the queues.",
        "Return the dead letters to their queues, to be tried again:",
        f"  ./fanout dlq replay {stage} --size small --size large",
        f"  ./fanout dlq replay {stage} --size large --queue subscription",
        f"  ./fanout dlq replay {stage} --queue fetch",
        "or delete them for good:",
        f"  ./fanout dlq purge {stage} --size small --size large",
        f"  ./fanout dlq purge {stage} --size large --queue subscription",
        f"  ./fanout dlq purge {stage} --queue fetch",
        'Then try again. To lose the messages, add: --param="abandon_messages=true"',
    ]


def test_without_dead_letters_no_command_is_named(sqs: "SQSClient") -> None:
    send(sqs, "old")
    with pytest.raises(ConfigError) as caught:
        check(sqs, WITHOUT_OLD)
    assert "Wait until the workers have taken" in str(caught.value)
    assert "./fanout dlq" not in str(caught.value)


def test_without_permission_to_read_the_deploy_stops(
    sqs: "SQSClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("cloudformation")

    def refuse(**_: Any) -> None:
        raise client.exceptions.ClientError({"Error": {"Code": "AccessDenied"}}, "List")

    client.meta.events.register("before-call.cloudformation.ListStackResources", refuse)
    with pytest.raises(TransientError, match="listing the resources of stack"):
        find_removed(client, "stack", WITHOUT_OLD)


SIGNED = {"on_demand": ["declared", "signed"]}


def secrets_of(tmp_path: Path, **options: Any) -> dict[str, Any]:
    """The secrets of the template that these parameters give, by logical id."""
    resources = generated(tmp_path, ["1x1"], **options)["resources"]["Resources"]
    is_secret = {"AWS::SecretsManager::Secret"}
    return {k: v for k, v in resources.items() if v.get("Type") in is_secret}


def deployed(secrets: dict[str, Any]) -> "CloudFormationClient":
    """CloudFormation that tells of a stack with these secrets, which moto's makes none of."""
    client = boto3.client("cloudformation")
    account = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
    summaries = [
        {
            "LogicalResourceId": logical,
            "PhysicalResourceId": f"{account}{secret['Properties']['Name']}-aB3dE6",
            "ResourceType": secret["Type"],
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": datetime.now(UTC),
        }
        for logical, secret in secrets.items()
    ]
    stubber = Stubber(client)
    # Once for queues and secrets together.
    stubber.add_response("list_stack_resources", {"StackResourceSummaries": summaries})
    stubber.activate()
    return client


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ({}, {"auth": "iam"}, ["tokens"]),
        ({}, {"auth": "none"}, ["tokens"]),
        (SIGNED, {"on_demand": ["declared"]}, ["signing-keys"]),
        (SIGNED, {"auth": "iam"}, ["tokens", "signing-keys"]),
    ],
)
def test_a_parameter_that_takes_a_secret_away_stops_the_deploy(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], lost: list[str]
) -> None:
    had = secrets_of(tmp_path, **before)
    template = {"Resources": secrets_of(tmp_path, **after)}
    with pytest.raises(ConfigError, match="abandon_secrets=true") as caught:
        check_secrets(find_removed(deployed(had), "stack", template), force=False)
    names = [f"image-fanout-dev-{name}-aB3dE6" for name in lost]
    assert [line.strip() for line in str(caught.value).splitlines()[1 : 1 + len(lost)]] == names
    removed = find_removed(deployed(had), "stack", template)
    assert check_secrets(removed, force=True) == names


def test_secrets_that_stay_or_come_are_no_obstacle(tmp_path: Path) -> None:
    one, both = secrets_of(tmp_path), secrets_of(tmp_path, **SIGNED)
    assert both.keys() > one.keys()
    for had in (one, both):
        removed = find_removed(deployed(had), "stack", {"Resources": both})
        assert check_secrets(removed, force=False) == []


ASKED = {"stack": "stack", "stage": "dev", "region": "eu-west-1"}


def losses(**asked: Any) -> str:
    """What the guard says of what it is given, or of why it goes no further."""
    try:
        removed = find_removed(boto3.client("cloudformation"), "stack", asked["template"])
        return "\n".join(find_losses({**ASKED, "abandon_messages": True, **asked}, removed))
    except ConfigError as error:
        return str(error)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"abandon_secrets": False}, "This deploy would delete secrets"),
        ({"abandon_secrets": True}, "Deleting the secret image-fanout-dev-tokens"),
        ({}, ""),
    ],
)
def test_a_deploy_asks_of_secrets_and_the_removal_of_a_stack_does_not(
    tmp_path: Path,
    sqs: "SQSClient",
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, bool],
    expected: str,
) -> None:
    clients = {"cloudformation": deployed(secrets_of(tmp_path)), "sqs": sqs}
    monkeypatch.setattr(boto3, "client", lambda service, **_: clients[service])
    output = losses(template={"Resources": {}}, **asked)
    assert output.startswith(expected)
    assert bool(output) is bool(asked)


def queues_of(tmp_path: Path, name: str) -> dict[str, Any]:
    """The queues of the template that a sizes.yml with one size of this name gives."""
    made = generated(tmp_path, [{"name": name, "width": 400, "height": 300}], purge="false")
    resources = made["resources"]["Resources"]
    is_queue = {"AWS::SQS::Queue"}
    return {"Resources": {k: v for k, v in resources.items() if v.get("Type") in is_queue}}


@pytest.mark.parametrize("kind", ["", "-dlq", "-subscription-dlq"])
def test_a_renamed_size_is_a_new_one_and_a_removed_one_that_may_hold_messages(
    tmp_path: Path, kind: str
) -> None:
    cloudformation, sqs = boto3.client("cloudformation"), boto3.client("sqs")
    before = queues_of(tmp_path, "small")
    cloudformation.create_stack(StackName="stack", TemplateBody=json.dumps(before))
    after = queues_of(tmp_path, "thumbnail")
    assert check(sqs, after) == []
    send(sqs, f"image-fanout-dev-small{kind}")
    with pytest.raises(ConfigError, match=f"image-fanout-dev-small{kind}: 1 message"):
        check(sqs, after)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            {"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}},
            "the stage's queues may have 17 functions running at once, and this account may run 10",
        ),
        (
            ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAccountSettings"),
            "the account's limits on Lambda were not compared",
        ),
    ],
    ids=["too small", "not to be seen"],
)
def test_a_deploy_is_warned_of_small_limits_and_goes_on(
    sqs: "SQSClient",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    response: dict[str, Any] | Exception,
    expected: str,
) -> None:
    answer(monkeypatch, "GetAccountSettings", response)
    scaling = {"ScalingConfig": {"MaximumConcurrency": 17}}
    mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": scaling}
    template = {"Resources": {**BOTH["Resources"], "Mapping": mapping}}
    assert f"Warning: {expected}" in losses(template=template, abandon_secrets=False)
