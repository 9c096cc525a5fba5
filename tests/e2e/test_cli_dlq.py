"""The operator's commands against the local stack: dead letters, doctor."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from local.processes import clean_environment
from local.stack import DeployedStack, LocalDeployment
from tests.e2e.conftest import Operator
from tests.e2e.people import documented_policy, somebody
from tests.e2e.steps import PHOTO, arrived, dead_letters, eventually, uploaded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

PROJECT = Path(__file__).parents[2]
BROKEN = 2


class Parked:
    """A folder with a good photo and two broken ones, when these have become dead letters."""

    def __init__(self, stack: DeployedStack, sqs: "SQSClient", operator: Operator) -> None:
        self.folder = f"{uuid4().hex}/é "
        self.stack, self._operator = stack, operator
        self.good: str = uploaded(stack, PHOTO, path=f"{self.folder}good.jpg")["path"]
        half = PHOTO[: len(PHOTO) // 2]
        self.broken: list[str] = [
            uploaded(stack, half, path=f"{self.folder}broken {n}.jpg")["path"]
            for n in range(BROKEN)
        ]
        eventually(
            lambda: all(len(dead_letters(sqs, s, self.folder)) == BROKEN for s in stack.sizes),
            "the dead letters of each size",
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """What `dlq list` counts below the folder, by size and reason."""
        listed = self._operator("dlq", "list", "--prefix", self.folder, "--json").lines
        return {
            size["size"]: {reason: group["letters"] for reason, group in size["reasons"].items()}
            for size in listed
        }

    def all_there(self) -> dict[str, dict[str, int]]:
        return {size: {"truncated": BROKEN} for size in self.stack.sizes}


@pytest.fixture(scope="module")
def parked(stack: DeployedStack, sqs: "SQSClient", operator: Operator) -> Parked:
    """Shared by tests that leave it as it is."""
    return Parked(stack, sqs, operator)


@pytest.fixture
def own(stack: DeployedStack, sqs: "SQSClient", operator: Operator) -> Parked:
    return Parked(stack, sqs, operator)


def test_list_names_the_broken_ones_by_size_and_reason_and_hides_none(
    sqs: "SQSClient", operator: Operator, parked: Parked
) -> None:
    table = operator("dlq", "list", "--prefix", parked.folder).out
    for size in parked.stack.sizes:
        assert re.search(rf"│ {size} +│ truncated +│ {BROKEN} +│", table), table
        assert len(dead_letters(sqs, size, parked.folder)) == BROKEN


def test_the_command_runs_as_it_is_typed_in_any_folder(
    local: LocalDeployment, parked: Parked
) -> None:
    run = subprocess.run(
        [PROJECT / "fanout", "dlq", "list", "--prefix", parked.folder, "--stage", "local"],
        env=clean_environment() | {"FANOUT_LOCAL": str(local.state), "COLUMNS": "120"},
        cwd=os.sep,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert re.search(rf"│ 400x300 +│ truncated +│ {BROKEN} +│", run.stdout), run.stdout


def test_show_tells_what_the_worker_knew(operator: Operator, parked: Parked) -> None:
    options = ("--size", "400x300", "--reason", "truncated", "--prefix", parked.folder)
    letters = operator("dlq", "show", "--json", *options).lines
    assert sorted(letter["path"] for letter in letters) == sorted(parked.broken)
    assert {(letter["size"], letter["attempts"]) for letter in letters} == {("400x300", 1)}
    assert {letter["error"] for letter in letters} == {
        "the JPEG file breaks off before its end: upload it again"
    }
    shown = operator("dlq", "show", "--limit", "1", *options).out
    assert shown.count(f"400x300  truncated  {parked.folder}broken ") == 1


def test_replay_brings_the_right_ones_back_and_leaves_the_others(
    s3: "S3Client", sqs: "SQSClient", operator: Operator, parked: Parked
) -> None:
    arrived(url := f"{parked.stack.cdn}/400x300/{quoted(parked.good)}")
    (letter,) = operator(
        "dlq", "show", "--json", "--prefix", parked.broken[0], "--size", "400x300"
    ).lines
    event = json.loads(letter["body"])
    event["Records"][0]["s3"]["object"]["key"] = f"originals/{quoted(parked.good)}"
    text: Any = {"DataType": "String"}
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName="image-fanout-local-400x300-dlq")["QueueUrl"],
        MessageBody=json.dumps(event),
        MessageAttributes={
            "reason": text | {"StringValue": "SlowDown"},
            "path": text | {"StringValue": quoted(parked.good)},
        },
    )
    s3.delete_object(Bucket=parked.stack.images_bucket, Key=f"400x300/{parked.good}")
    chosen = ("--reason", "SlowDown", "--prefix", parked.folder)
    assert operator("dlq", "replay", *chosen, "--dry-run").out == "Replay on local:\n  400x300: 1\n"
    run = operator("dlq", "replay", *chosen, "--yes")
    assert (run.code, run.out.splitlines()[1]) == (0, "400x300: replayed 1")
    assert arrived(url)
    assert parked.counts() == parked.all_there()


def test_a_whole_queue_is_replayed(operator: Operator, sqs: "SQSClient", parked: Parked) -> None:
    """What fails again is a dead letter again, and does not go round and round."""
    (size,) = operator("dlq", "replay", "--size", "thumbnail", "--yes", "--json").lines
    assert size["replayed"] >= BROKEN
    assert (size["refused"], size["complete"]) == (0, True)
    eventually(
        lambda: len(dead_letters(sqs, "thumbnail", parked.folder)) == BROKEN,
        "the same dead letters",
    )


def test_without_yes_and_a_terminal_nothing_is_done(operator: Operator, parked: Parked) -> None:
    run = operator("dlq", "purge", "--prefix", parked.folder)
    assert run.code == 2
    assert run.err.startswith(f"Delete for good on local:\n  800x600: {BROKEN}\n")
    assert parked.counts() == parked.all_there()


def test_purge_deletes_what_is_meant(operator: Operator, own: Parked) -> None:
    one = ("--size", "1200x", "--prefix", own.broken[0])
    (size,) = operator("dlq", "purge", *one, "--yes", "--json").lines
    assert size["purged"] == 1
    assert own.counts() == own.all_there() | {"1200x": {"truncated": BROKEN - 1}}


@pytest.mark.parametrize("queue", ["subscription", "purge"])
def test_the_other_dead_letters_are_in_reach(operator: Operator, queue: str) -> None:
    assert operator("dlq", "list", "--queue", queue).code == 0


def test_the_doctor_finds_nothing_but_that_nobody_hears_the_alarms(operator: Operator) -> None:
    run = operator("doctor")
    assert run.code == 0, run.out
    assert re.findall(r"^(?:warning|problem): (.*)$", run.out, re.MULTILINE) == [
        "nobody is subscribed to the alarms"
    ]


def test_the_doctor_finds_what_somebody_broke(operator: Operator, sqs: "SQSClient") -> None:
    url = sqs.get_queue_url(QueueName="image-fanout-local-400x300")["QueueUrl"]
    name: Any = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "5"})
    try:
        run = operator("doctor")
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)
    assert run.code == 1
    assert "problem: 400x300: messages are hidden for 5 s, a batch may take 20 s" in run.out


class TestPermissions:
    def commands(self, folder: str) -> tuple[tuple[str, ...], ...]:
        one = ("--prefix", folder, "--limit", "1", "--yes")
        return (
            ("dlq", "list"),
            ("dlq", "show", "--queue", "purge"),
            ("dlq", "replay", "--prefix", "nothing", "--yes"),
            ("dlq", "purge", "--reason", "truncated", *one),
            ("dlq", "replay", *one),
            ("doctor",),
        )

    def test_those_in_the_documents_are_enough(
        self, stack: DeployedStack, local: LocalDeployment, own: Parked, tmp_path: Path
    ) -> None:
        person = somebody(stack, local, tmp_path, documented_policy())
        for arguments in self.commands(own.folder):
            run = person(*arguments)
            assert run.code == 0, (arguments, run.err)
            assert "not checked" not in run.out

    def test_without_them_each_command_says_so(
        self, stack: DeployedStack, local: LocalDeployment, tmp_path: Path
    ) -> None:
        stranger = somebody(stack, local, tmp_path, None)
        for arguments in self.commands("nothing"):
            run = stranger(*arguments)
            assert run.code == 1, arguments
            assert run.err.startswith("These credentials may not describe the stack ")
            assert "docs/operations.md" in run.err


def quoted(path: str) -> str:
    """A path as S3's events and attributes of dead letters have it."""
    return path.replace("é", "%C3%A9").replace(" ", "%20")
