"""The operator's commands against the local stack: dead letters, logs, doctor."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from local.processes import clean_environment
from local.stack import LocalStack, Stack
from tests.e2e.conftest import client
from tests.e2e.test_pipeline import PHOTO, arrived, dead_letters, eventually, uploaded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

PROJECT = Path(__file__).parents[2]
# Other tests of this stack leave dead letters too: ours are below this.
OURS = "operator/é "
GOOD, BROKEN = 20, 5


class Run(NamedTuple):
    code: int
    out: str
    err: str

    def lines(self) -> list[Any]:
        """What --json has printed."""
        assert self.code == 0, self.err
        return [json.loads(line) for line in self.out.splitlines()]


def command(state: Path) -> Callable[..., Run]:
    """`./fanout … --stage local` as somebody types it, for the stack of a state folder."""

    def fanout(*arguments: str) -> Run:
        run = subprocess.run(
            [str(PROJECT / "fanout"), *arguments, "--stage", "local"],
            env=clean_environment() | {"FANOUT_LOCAL": str(state), "COLUMNS": "120"},
            cwd=os.sep,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in run.stderr, run.stderr
        return Run(run.returncode, run.stdout, run.stderr)

    return fanout


@pytest.fixture(scope="module")
def fanout(local: LocalStack) -> Callable[..., Run]:
    return command(local.state)


@pytest.fixture(scope="module")
def parked(stack: Stack, fanout: Callable[..., Run]) -> list[str]:
    """20 good uploads and 5 broken ones; the latter's paths, when all have become dead letters."""
    good = [uploaded(stack, PHOTO, path=f"{OURS}good {n}.jpg") for n in range(GOOD)]
    half = PHOTO[: len(PHOTO) // 2]
    broken = [uploaded(stack, half, path=f"{OURS}broken {n}.jpg")["path"] for n in range(BROKEN)]
    for ticket in good:
        for url in ticket["variants"].values():
            assert arrived(url)
    eventually(
        lambda: counts(fanout) == {size: {"truncated": BROKEN} for size in stack.sizes},
        "five dead letters of each size",
    )
    return broken


def counts(fanout: Callable[..., Run], *options: str) -> dict[str, dict[str, int]]:
    listed = fanout("dlq", "list", "--prefix", OURS, "--json", *options).lines()
    return {
        size["size"]: {reason: group["letters"] for reason, group in size["reasons"].items()}
        for size in listed
    }


def test_list_names_the_broken_ones_by_size_and_reason_and_hides_none(
    stack: Stack, sqs: "SQSClient", fanout: Callable[..., Run], parked: list[str]
) -> None:
    table = fanout("dlq", "list", "--prefix", OURS).out
    for size in stack.sizes:
        assert re.search(rf"│ {size} +│ truncated +│ {BROKEN} +│", table), table
        ours = [each for each in dead_letters(sqs, size) if each["path"] in parked]
        assert len(ours) == BROKEN


def test_show_tells_what_the_worker_knew(
    stack: Stack, fanout: Callable[..., Run], parked: list[str]
) -> None:
    options = ("--size", "400x300", "--reason", "truncated", "--prefix", OURS)
    letters = fanout("dlq", "show", "--json", *options).lines()
    assert sorted(letter["path"] for letter in letters) == sorted(parked)
    assert {(letter["size"], letter["attempts"]) for letter in letters} == {("400x300", 1)}
    assert {letter["error"] for letter in letters} == {
        "the JPEG file breaks off before its end: upload it again"
    }
    shown = fanout("dlq", "show", "--limit", "2", *options).out
    assert shown.count("400x300  truncated  operator/é broken ") == 2


def test_replay_brings_the_right_ones_back_and_leaves_the_others(
    stack: Stack, s3: "S3Client", sqs: "SQSClient", fanout: Callable[..., Run], parked: list[str]
) -> None:
    path = f"{OURS}good 0.jpg"
    (letter,) = fanout("dlq", "show", "--json", "--prefix", parked[0], "--size", "400x300").lines()
    event = json.loads(letter["body"])
    event["Records"][0]["s3"]["object"]["key"] = "originals/operator/%C3%A9+good+0.jpg"
    text: Any = {"DataType": "String"}
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName="image-fanout-local-400x300-dlq")["QueueUrl"],
        MessageBody=json.dumps(event),
        MessageAttributes={
            "reason": text | {"StringValue": "SlowDown"},
            "path": text | {"StringValue": "operator/%C3%A9%20good%200.jpg"},
        },
    )
    s3.delete_object(Bucket=stack.images_bucket, Key=f"400x300/{path}")
    dry = fanout("dlq", "replay", "--reason", "SlowDown", "--prefix", OURS, "--dry-run")
    assert dry.out == "Replay on local:\n  400x300: 1\n"
    run = fanout("dlq", "replay", "--reason", "SlowDown", "--prefix", OURS, "--yes")
    assert (run.code, run.out.splitlines()[1]) == (0, "400x300: replayed 1")
    assert arrived(f"{stack.cdn}/400x300/operator/%C3%A9%20good%200.jpg")
    assert counts(fanout) == {size: {"truncated": BROKEN} for size in stack.sizes}


def test_a_whole_queue_is_replayed_though_the_emulator_moves_none(
    stack: Stack, fanout: Callable[..., Run], parked: list[str]
) -> None:
    """What fails again is a dead letter again, and does not go round and round."""
    run = fanout("dlq", "replay", "--size", "thumbnail", "--yes", "--json")
    (size,) = run.lines()
    assert size["replayed"] >= BROKEN
    assert (size["refused"], size["complete"]) == (0, True)
    eventually(
        lambda: counts(fanout, "--size", "thumbnail") == {"thumbnail": {"truncated": BROKEN}},
        "the same dead letters",
    )


def test_without_yes_and_a_terminal_nothing_is_done(
    fanout: Callable[..., Run], parked: list[str]
) -> None:
    run = fanout("dlq", "purge", "--prefix", OURS)
    assert run.code == 2
    assert run.err.startswith("Delete for good on local:\n  800x600: 5\n")
    assert counts(fanout)["800x600"] == {"truncated": BROKEN}


def test_purge_deletes_what_is_meant(fanout: Callable[..., Run], parked: list[str]) -> None:
    run = fanout("dlq", "purge", "--size", "1200x", "--prefix", parked[0], "--yes", "--json")
    assert run.lines()[0]["purged"] == 1
    assert counts(fanout)["1200x"] == {"truncated": BROKEN - 1}


@pytest.mark.parametrize("queue", ["subscription", "purge"])
def test_the_other_dead_letters_are_in_reach(fanout: Callable[..., Run], queue: str) -> None:
    assert fanout("dlq", "list", "--queue", queue).code == 0


def test_logs_tell_of_each_broken_file(fanout: Callable[..., Run], parked: list[str]) -> None:
    lines = fanout("logs", "--size", "400x300", "--reason", "truncated", "--json").lines()
    assert {line["path"] for line in lines} >= set(parked)
    assert {(line["level"], line["said"]) for line in lines} == {("ERROR", "parked")}
    shown = fanout("logs", "--size", "400x300").out
    assert "INFO  rendered  operator/é good 1.jpg  bytes_in=" in shown
    assert "REPORT" not in shown


def test_the_doctor_finds_nothing_but_that_nobody_hears_the_alarms(
    fanout: Callable[..., Run], stack: Stack
) -> None:
    run = fanout("doctor")
    assert run.code == 0, run.out
    assert re.findall(r"^(?:warning|problem): (.*)$", run.out, re.MULTILINE) == [
        "nobody is subscribed to the alarms"
    ]


def test_the_doctor_finds_what_somebody_broke(fanout: Callable[..., Run], sqs: "SQSClient") -> None:
    url = sqs.get_queue_url(QueueName="image-fanout-local-400x300")["QueueUrl"]
    name: Any = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "5"})
    try:
        run = fanout("doctor")
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)
    assert run.code == 1
    assert "problem: 400x300: messages are hidden for 5 s, a batch may take 20 s" in run.out


class TestPermissions:
    COMMANDS = (
        ("dlq", "list"),
        ("dlq", "show", "--queue", "purge"),
        ("dlq", "replay", "--prefix", "nothing", "--yes"),
        ("dlq", "purge", "--prefix", OURS, "--reason", "truncated", "--limit", "1", "--yes"),
        ("dlq", "replay", "--prefix", OURS, "--limit", "1", "--yes"),
        ("logs", "--size", "400x300"),
        ("doctor",),
    )

    def somebody(
        self, stack: Stack, local: LocalStack, folder: Path, name: str, policy: str | None
    ) -> Callable[..., Run]:
        """The command line of a user who may do only that."""
        iam = client(stack, "iam")
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="fanout", PolicyDocument=policy)
        theirs = local.environment() | {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        (folder / "env").write_text("".join(f"export {k}={v}\n" for k, v in theirs.items()))
        return command(folder)

    def test_those_in_the_documents_are_enough(
        self, stack: Stack, local: LocalStack, parked: list[str], tmp_path: Path
    ) -> None:
        fanout = self.somebody(stack, local, tmp_path, "operator", documented_policy())
        for arguments in self.COMMANDS:
            run = fanout(*arguments)
            assert run.code == 0, (arguments, run.err)
            assert "not looked at" not in run.out

    def test_without_them_each_command_says_so(
        self, stack: Stack, local: LocalStack, tmp_path: Path
    ) -> None:
        fanout = self.somebody(stack, local, tmp_path, "stranger", None)
        for arguments in self.COMMANDS:
            run = fanout(*arguments)
            assert run.code == 1, arguments
            assert run.err.startswith("These credentials may not describe the stack ")
            assert "docs/operations.md" in run.err


def documented_policy() -> str:
    """The policy in docs/operations.md, for this stage.

    AWS takes leave to send for leave to send many; the emulator wants it named.
    """
    text = (PROJECT / "docs" / "operations.md").read_text()
    (policy,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    document = json.loads(policy.replace("image-fanout-prod", "image-fanout-local"))
    for statement in document["Statement"]:
        actions = statement["Action"]
        named = actions if isinstance(actions, list) else [actions]
        many = [f"{action}Batch" for action in named if action.startswith("sqs:")]
        statement["Action"] = [*named, *many]
    return json.dumps(document)
