"""The command line against the local stack: upload, look, lose variants, find and fill them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli import backfill, upload
from local.client import aws
from local.stack import DeployedStack, LocalDeployment
from tests.command_line import Run, fanout
from tests.e2e.steps import PHOTO, eventually, get
from tests.pictures import decoded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

SIZE = "400x300"
GOOD = ["plain.jpg", "é 😀 a+b %2F&?#'.jpg"]
BROKEN = "broken.jpg"


@pytest.fixture(autouse=True)
def surroundings(local: LocalDeployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line finds this test run's stack, and leaves its notes in a folder of its own."""
    monkeypatch.setenv("FANOUT_LOCAL", str(local.state))
    monkeypatch.setattr(backfill, "_CHECKPOINTS", tmp_path / ".fanout")
    monkeypatch.setattr(upload, "_RECORDS", tmp_path / ".fanout")


def run(*arguments: str) -> Run:
    return fanout(*arguments, "--stage", "local", "--json")


def files(folder: Path) -> list[str]:
    for name in GOOD:
        (folder / name).write_bytes(PHOTO)
    (folder / BROKEN).write_bytes(PHOTO[: len(PHOTO) // 2])
    return [str(folder / name) for name in (*GOOD, BROKEN)]


def uploaded(tmp_path: Path, folder: str) -> Run:
    return run("upload", *files(tmp_path), "--path", folder, "--wait")


def summary(done: Run, size: str = SIZE) -> dict[str, int]:
    """What an audit counted, without what it did not find."""
    counts = done.lines[-1]["summary"][size]
    return {state: count for state, count in counts.items() if count}


def test_uploads_are_followed_to_their_end(
    stack: DeployedStack, tmp_path: Path, s3: "S3Client", sqs: "SQSClient"
) -> None:
    done = uploaded(tmp_path, "followed/")
    assert done.code == 1
    statuses = {line["path"]: line for line in done.lines if "sizes" in line}
    broken = statuses.pop(f"followed/{BROKEN}")
    assert statuses.keys() == {f"followed/{name}" for name in GOOD}
    for line in statuses.values():
        assert set(line["sizes"]) == set(stack.sizes)
        for told in line["sizes"].values():
            (variant,) = told["variants"]
            picture = get(variant["url"])
            assert len(picture.content) == variant["bytes"]
            assert picture.headers["Content-Type"] == variant["content_type"]
            image = decoded(picture.content)
            assert variant["pixels"] == f"{image.width}x{image.height}"
    for told in broken["sizes"].values():
        assert (told["state"], told["reason"]) == ("failed", "truncated")
    assert run("status", "followed/plain.jpg").code == 0
    assert run("status", "followed/broken.jpg").code == 1
    gone = run("status", "followed/never.jpg")
    assert gone.lines[0]["sizes"][SIZE] == {"state": "gone", "variants": []}
    again = fanout("upload", str(tmp_path / GOOD[0]), "--path", "followed/", "--stage", "local")
    assert again.code == 0
    assert "there already, at followed/plain.jpg\n" in again.out


def test_a_file_goes_to_a_folder_of_its_own_and_its_urls_are_told(
    stack: DeployedStack, tmp_path: Path
) -> None:
    done = fanout("upload", *files(tmp_path)[:1], "--stage", "local")
    assert done.code == 0
    assert f"\n{SIZE}  {stack.cdn}/{SIZE}/" in done.out


def test_lost_variants_are_found_and_filled(
    stack: DeployedStack, tmp_path: Path, s3: "S3Client", sqs: "SQSClient"
) -> None:
    uploaded(tmp_path, "lost/")
    assert run("audit", "--prefix", "lost/").code == 0
    for name in GOOD:
        s3.delete_object(Bucket=stack.images_bucket, Key=f"{SIZE}/lost/{name}")
    done = run("audit", "--prefix", "lost/")
    assert done.code == 1
    assert done.lines[:-1] == [
        {"size": size, "path": f"lost/{name}", "state": state}
        for size in stack.sizes
        for name, state in zip(
            (BROKEN, *GOOD),
            ("failed", *["missing" if size == SIZE else "current"] * 2),
            strict=True,
        )
        if state != "current"
    ]
    filled = run("backfill", "--size", SIZE, "--prefix", "lost/", "--yes")
    assert filled.code == 0
    assert [line.get("photos", line.get("sent")) for line in filled.lines] == [2, 2]
    eventually(
        lambda: all(run("status", f"lost/{name}").code == 0 for name in GOOD), "filled variants"
    )
    done = run("audit", "--prefix", "lost/", "--deep")
    assert done.code == 0
    assert summary(done) == {"current": 2, "failed": 1}
    assert run("backfill", "--size", SIZE, "--prefix", "lost/", "--yes").lines[-1] == {"sent": 0}


def test_what_has_no_original_and_what_no_worker_made_is_mended(
    stack: DeployedStack, tmp_path: Path, s3: "S3Client"
) -> None:
    uploaded(tmp_path, "mended/")
    orphan, forged = f"{SIZE}/mended/orphan %2F.jpg", f"{SIZE}/mended/plain.jpg"
    for key in (orphan, forged):
        s3.put_object(Bucket=stack.images_bucket, Key=key, Body=b"by hand")
    done = run("audit", "--prefix", "mended/", "--deep", "--repair", "--yes")
    assert done.code == 0
    assert summary(done) == {"current": 1, "stale": 1, "orphaned": 1, "failed": 1}

    def clean() -> Any:
        done = run("audit", "--prefix", "mended/", "--deep")
        return done if done.code == 0 else None

    assert summary(eventually(clean, "a clean audit")) == {"current": 2, "failed": 1}
    found = s3.list_objects_v2(Bucket=stack.images_bucket, Prefix=f"{SIZE}/mended/orphan")
    assert found["KeyCount"] == 0


class TestPermissions:
    """Somebody with a policy of their own, as docs/commands.md lists it."""

    @pytest.fixture
    def person(
        self, stack: DeployedStack, local: LocalDeployment, tmp_path: Path
    ) -> Iterator["Person"]:
        """Runs commands from here on."""
        with pytest.MonkeyPatch.context() as patch:
            yield Person(stack, local, tmp_path, patch)

    def test_without_leave_a_command_says_where_it_is_listed(
        self, person: "Person", tmp_path: Path
    ) -> None:
        for command in (
            ["audit"],
            ["backfill", "--size", SIZE],
            ["status", "a.jpg"],
            ["upload", *files(tmp_path)[:1]],
        ):
            done = fanout(*command, "--stage", "local")
            assert done.code == 1, command
            assert "docs/operations.md" in done.err, done.err

    def test_with_what_is_listed_all_commands_work(
        self, stack: DeployedStack, person: "Person", tmp_path: Path
    ) -> None:
        buckets = [f"arn:aws:s3:::image-fanout-local-{kind}-*" for kind in BUCKETS]
        person.may("cloudformation:DescribeStacks", f"arn:aws:cloudformation:*:*:stack/{NAME}/*")
        person.may("lambda:GetFunctionConfiguration", f"arn:aws:lambda:*:*:function:{NAME}-*")
        person.may("s3:ListBucket", *buckets)
        person.may("s3:GetObject", *(f"{bucket}/*" for bucket in buckets))
        person.may("cloudwatch:GetMetricStatistics", "*")
        # AWS takes leave to send for leave to send many; the emulator wants it named.
        for action in ("sqs:SendMessage", "sqs:SendMessageBatch"):
            person.may(action, *(f"arn:aws:sqs:*:*:{NAME}-{size}" for size in stack.sizes))
        plain = files(tmp_path)[0]
        assert run("upload", plain, "--path", "allowed/", "--wait").code == 0
        person.lose(f"{SIZE}/allowed/plain.jpg")
        assert run("status", "allowed/plain.jpg").code == 1
        below = ("--prefix", "allowed/", "--yes")
        done = run("backfill", "--size", SIZE, "--stale", *below)
        assert done.code == 0, done.err
        assert done.lines[-1] == {"sent": 1}
        assert run("audit", "--deep", "--repair", *below).code == 0


NAME = "image-fanout-local"
BUCKETS = ("originals", "images", "failures")


class Person:
    """A user of the emulator without any leave, and the environment that makes us them."""

    def __init__(
        self, stack: DeployedStack, local: LocalDeployment, folder: Path, patch: pytest.MonkeyPatch
    ) -> None:
        self.stack = stack
        self.name = f"person-{folder.name}"
        self.iam = aws(stack, "iam")
        self.iam.create_user(UserName=self.name)
        key = self.iam.create_access_key(UserName=self.name)["AccessKey"]
        environment = local.environment() | {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        state = folder / "state"
        state.mkdir()
        (state / "env").write_text("".join(f"export {n}={v}\n" for n, v in environment.items()))
        patch.setenv("FANOUT_LOCAL", str(state))

    def may(self, action: str, *resources: str) -> None:
        statement = {"Effect": "Allow", "Action": action, "Resource": resources}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        name = action.replace(":", "-")
        self.iam.put_user_policy(UserName=self.name, PolicyName=name, PolicyDocument=document)

    def lose(self, key: str) -> None:
        """Have somebody else delete a variant."""
        aws(self.stack, "s3").delete_object(Bucket=self.stack.images_bucket, Key=key)
