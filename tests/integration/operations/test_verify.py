"""`fanout verify` on a stage that fails or is left half way, by an API of the test's own."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cli import verify as command
from lib.aws.stacks import find_stack
from lib.operations.stage_commands import StageCommands
from lib.operations.verify import STEPS, cleanup, failures
from tests.integration.conftest import REGION
from tests.integration.deployed import PREFIX, SIZES, Commands, Deployed, fanout, refuse
from tests.integration.parked import park, stored, take

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fanout"]
BUCKETS = {"Originals": "originals-bucket", "Images": "images-bucket"}


class Api(ThreadingHTTPServer):
    """Refuses strangers, and answers everybody else 500, once `happens` has happened."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.happens: Callable[[str], None] = lambda _: None
        self.tokens: list[str] = []


class _Answers(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        token = self.headers.get("Authorization")
        if token is None:
            return self._answer(401, "who are you?")
        self.server.tokens.append(token)
        self.server.happens(body["path"].partition("/")[0])
        return self._answer(500, "Internal Server Error")

    def _answer(self, status: int, message: str) -> None:
        body = json.dumps({"message": message}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("apigw-requestid", "AbCdEf=")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def stage(s3: "S3Client", api: Api, fanout: Commands, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A stage whose workers do nothing."""
    stage = Deployed(outputs=False)
    settings = {"IMAGES_URL": f"{api.url}/images/", "UPLOAD_TYPES": '["image/png", "image/jpeg"]'}
    stage.function(SIZES[0], FunctionName=f"{PREFIX}-uploads", Environment={"Variables": settings})
    stage.outputs(
        ApiUrl=api.url,
        Auth="token",
        Features='["purge"]',
        FailuresBucketName="failures-bucket",
        Sizes=json.dumps(SIZES),
        TokensSecretArn=stage.tokens_secret,
        **{f"{name}BucketName": bucket for name, bucket in BUCKETS.items()},
    )
    monkeypatch.setenv("FANOUT_TOKEN", "fanout_somebody")
    monkeypatch.setattr(cleanup, "WORKERS_SECONDS", 0)
    return stage


class Traces:
    """What a run may leave: objects, versions and dead letters, beside those of others."""

    def __init__(self, s3: "S3Client", stage: Deployed) -> None:
        self._s3, self._stage = s3, stage
        s3.put_bucket_versioning(
            Bucket="originals-bucket", VersioningConfiguration={"Status": "Enabled"}
        )
        self.leave("others")

    def leave(self, folder: str) -> None:
        for bucket, key in (
            ("originals-bucket", f"originals/{folder}/photo"),
            ("originals-bucket", f"originals/{folder}/photo"),
            ("images-bucket", f"400x300/{folder}/photo"),
            ("images-bucket", f"thumbnail/{folder}/a (1)+é~'!.jpg"),
            ("failures-bucket", f"thumbnail/{folder}/broken"),
            ("failures-bucket", f"_fetch/{folder}/fetched"),
        ):
            self._s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
        for queue in ("400x300-dlq", "thumbnail-dlq", "fetch-dlq"):
            park(self._stage.urls[queue], f"{folder}/broken")

    def count(self, folder: str) -> int:
        found = 0
        for bucket in (*BUCKETS.values(), "failures-bucket"):
            listed = self._s3.list_object_versions(Bucket=bucket)
            found += sum(
                f"/{folder}/" in each["Key"]
                for each in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
            )
        bodies = [body for url in self._stage.urls.values() for body in stored(url)]
        return found + sum(f"/{folder}/" in body for body in bodies)


ALL = 9


class Worker:
    """Waits for what a step polls; meanwhile it fails what was replayed, as it did before."""

    def __init__(self, stage: Deployed, path: str) -> None:
        self._urls, self._path = stage.urls, path
        self.failed = 0

    def wait(self, poll: Callable[[], bool | None], *_: Any) -> None:
        assert not poll()
        for size in SIZES:
            assert len(take(self._urls[size])) == 1
            park(self._urls[f"{size}-dlq"], self._path, size=size)
            self.failed += 1
        assert poll()


def test_a_replayed_letter_may_fail_within_the_second_in_which_it_failed_before(
    stage: Deployed,
) -> None:
    for size in SIZES:
        park(stage.urls[f"{size}-dlq"], "folder/broken", size=size)
    worker = Worker(stage, "folder/broken")
    target: Any = SimpleNamespace(
        path="folder/{}".format,
        sizes=SIZES,
        stack=find_stack(boto3.client("cloudformation"), stage.lambda_, PREFIX),
        sqs=stage.sqs,
        poller=worker,
        commands=StageCommands("dev", REGION),
        folder="folder",
    )
    assert failures.replay(target) == "2 dead letters, each tried once more"
    assert worker.failed == len(SIZES)


@pytest.fixture
def traces(s3: "S3Client", stage: Deployed) -> Traces:
    return Traces(s3, stage)


def test_a_step_that_fails_says_by_which_request_and_where_to_look(
    stage: Deployed, api: Api, fanout: Commands
) -> None:
    run = fanout("verify")
    assert run.code == 1
    failed, *rest = run.out.splitlines()
    assert failed.startswith("failed")
    assert failed.endswith(
        f"ticket       POST {api.url}/uploads: 500 in place of 201: Internal Server Error"
    )
    assert rest[0] == f"    POST {api.url}/uploads 401 request id: AbCdEf="
    assert rest[1] == f"    POST {api.url}/uploads 500 request id: AbCdEf="
    assert rest[2] == f"    look at: aws logs tail /aws/lambda/{PREFIX}-uploads --since 15m"
    assert len(rest[3:-1]) == len(STEPS) - 1
    assert all(line.startswith(("not tried ", "off ")) for line in rest[3:-1])
    assert rest[-1].startswith("1 failed, ")


def test_json_has_the_same(stage: Deployed, api: Api, fanout: Commands) -> None:
    run = fanout("verify", "--json")
    assert run.code == 1
    first, *steps, summary = map(json.loads, run.out.splitlines())
    assert (first["step"], first["state"]) == ("ticket", "failed")
    assert first["requests"][-1] == {
        "method": "POST",
        "url": f"{api.url}/uploads",
        "status": 500,
        "id": "AbCdEf=",
    }
    assert {each["state"] for each in steps} == {"off", "not_tried"}
    assert summary["left"] == []
    assert (summary["failed"], summary["off"] + summary["not_tried"]) == (1, len(STEPS) - 1)


def test_without_permission_to_remove_it_says_how_to(
    stage: Deployed, fanout: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "ListObjectsV2", "AccessDenied")
    run = fanout("verify")
    assert run.code == 1
    assert (
        "Some uploads remain. To remove it: aws s3 rm --recursive s3://originals-bucket/originals/verify-"
        in run.err
    )
    assert "docs/operations.md" in run.err


@pytest.fixture
def folders(api: Api, traces: Traces) -> list[str]:
    """The folders that verifications asked to upload to, and left traces in."""
    folders: list[str] = []

    def happens(folder: str) -> None:
        folders.append(folder)
        traces.leave(folder)

    api.happens = happens
    return folders


def test_all_of_its_folder_is_removed_and_nothing_else(
    stage: Deployed, folders: list[str], traces: Traces, fanout: Commands
) -> None:
    fanout("verify")
    assert traces.count(folders[0]) == 0
    assert traces.count("others") == ALL


def test_with_keep_it_stays_and_its_removal_is_printed(
    stage: Deployed, folders: list[str], traces: Traces, fanout: Commands
) -> None:
    run = fanout("verify", "--keep")
    assert traces.count(folders[0]) == ALL
    originals = f"s3://originals-bucket/originals/{folders[0]}/"
    assert f"aws s3 rm --recursive {originals}; ./fanout dlq purge --stage dev" in run.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_leaves_nothing(
    number: signal.Signals,
    stage: Deployed,
    api: Api,
    folders: list[str],
    traces: Traces,
    fanout: Commands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FANOUT_TOKEN")
    leaves_traces = api.happens

    def happens(folder: str) -> None:
        leaves_traces(folder)
        os.kill(os.getpid(), number)

    api.happens = happens
    run = fanout("verify")
    assert run.code == 130
    assert run.err.endswith("Interrupted.\n")
    assert traces.count(folders[0]) == 0
    assert traces.count("others") == ALL
    assert api.tokens[0].startswith("Bearer fanout_")
    assert fanout("token", "list").out == "No tokens.\n"


def test_after_a_second_signal_the_rest_and_its_removal_are_printed(
    stage: Deployed, fanout: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def insist(_: object) -> list[str]:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        return []

    monkeypatch.setattr(command, "clean_up", insist)
    run = fanout("verify")
    assert run.code == 130
    assert run.err.endswith("Interrupted.\n")
    assert "Some uploads remain. To remove it: aws s3 rm --recursive s3://" in run.err


def test_a_stack_that_does_not_say_what_is_on_is_left_alone(
    s3: "S3Client", api: Api, fanout: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANOUT_TOKEN", "fanout_somebody")
    stage = Deployed(outputs=False)
    settings = {"IMAGES_URL": f"{api.url}/images", "UPLOAD_TYPES": '["image/jpeg"]'}
    stage.function(SIZES[0], FunctionName=f"{PREFIX}-uploads", Environment={"Variables": settings})
    stage.outputs(Sizes=json.dumps(SIZES), Auth="token", ApiUrl=api.url)
    run = fanout("verify")
    assert run.code == 1
    assert "deployed by an earlier version" in run.err
    assert api.tokens == []
