"""Backfills on moto: what is sent where, and what an interruption leaves."""

import json
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import boto3
import pytest
from botocore.stub import ANY, Stubber

from cli import backfill
from cli.stage import Stage
from lib.aws.cloudwatch import get_median_of_last_day
from lib.aws.stacks import Stack
from lib.sizes import Size
from tests.command_line import Run, fanout
from tests.integration.conftest import WorkerCall
from tests.integration.pipeline.test_resize import Failing, put, refusal
from tests.integration.stage import Deployed, deployed

__all__ = ["deployed"]  # a fixture

COMMAND = ("backfill", "--stage", "dev", "--size", "40x30")


@pytest.fixture(autouse=True)
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(backfill, "_CHECKPOINTS", tmp_path)
    return tmp_path


def filled(*options: str) -> Run:
    return fanout(*COMMAND, "--yes", "--json", *options)


def paths(bodies: list[str]) -> list[str]:
    keys = [json.loads(body)["Records"][0]["s3"]["object"]["key"] for body in bodies]
    return sorted(unquote_plus(key).removeprefix("originals/") for key in keys)


def test_missing_variants_are_rendered_and_a_second_run_sends_nothing(
    deployed: Deployed, deliver: WorkerCall, checkpoints: Path
) -> None:
    deliver(put(deployed.s3, "there.jpg"), put(deployed.s3, "failed.jpg", b"broken"))
    for number in range(23):
        put(deployed.s3, f"a b %2F\n😀 {number:02}.jpg")
    run = filled()
    assert run.code == 0
    assert run.lines[0]["photos"] == run.lines[1]["sent"] == 23
    messages = deployed.waiting()
    assert paths(messages) == [f"a b %2F\n😀 {number:02}.jpg" for number in range(23)]
    assert deliver(*messages) == []
    assert filled().lines[-1] == {"sent": 0}
    assert fanout("audit", "--stage", "dev", "--deep").code == 0
    assert list(checkpoints.iterdir()) == []


def test_a_repeated_backfill_before_workers_came_to_it_is_rendered_once(
    deployed: Deployed, deliver: WorkerCall, caplog: pytest.LogCaptureFixture
) -> None:
    put(deployed.s3, "a.jpg")
    filled()
    filled()
    # One after the other: moto does not hold a condition against a write at the same moment.
    for message in deployed.waiting():
        assert deliver(message) == []
    assert [record.msg for record in caplog.records] == ["rendered", "current"]


def test_stale_variants_are_rendered_only_with_stale(deployed: Deployed) -> None:
    deployed.put("missing.jpg")
    deployed.put("stale.jpg")
    deployed.put_variant("stale.jpg")
    filled()
    assert paths(deployed.waiting()) == ["missing.jpg"]
    filled("--stale")
    assert paths(deployed.waiting()) == ["missing.jpg", "stale.jpg"]


def test_a_prefix_and_a_limit_bound_it(deployed: Deployed) -> None:
    for number in range(5):
        deployed.put(f"2026/{number}.jpg")
    deployed.put("2025/a.jpg")
    filled("--prefix", "2026/", "--limit", "3")
    assert paths(deployed.waiting()) == ["2026/0.jpg", "2026/1.jpg", "2026/2.jpg"]


class TestBeforeItStarts:
    def test_it_says_what_it_will_take(self, deployed: Deployed) -> None:
        for number in range(3):
            deployed.put(f"{number}.jpg")
        run = fanout(*COMMAND, "--dry-run")
        assert run.code == 0
        assert run.out == (
            "3 photos to render at 40x30: about 1 Lambda second and $0.00 "
            "(0.20 s a photo, a guess: the last day has no data)\n"
        )
        assert deployed.waiting() == []

    def test_it_asks(self, deployed: Deployed) -> None:
        deployed.put("a.jpg")
        run = fanout(*COMMAND, answer="n")
        assert run.code == 1
        assert "Have workers render 1 photo at 40x30?" in run.err
        assert deployed.waiting() == []
        run = fanout(*COMMAND, answer="y")
        assert run.code == 0
        assert run.out.endswith("Asked the workers to render 1 photo at 40x30.\n")
        assert len(deployed.waiting()) == 1

    def test_it_stops_where_nobody_can_be_asked(self, deployed: Deployed) -> None:
        deployed.put("a.jpg")
        run = fanout(*COMMAND)
        assert run.code == 2
        assert "--yes" in run.err
        assert deployed.waiting() == []

    def test_a_size_that_is_not_deployed_is_wrong_use(self, deployed: Deployed) -> None:
        run = fanout("backfill", "--stage", "dev", "--size", "9x9")
        assert run.code == 2
        assert "its sizes: 40x30" in run.err


def test_the_median_of_the_last_day_is_read() -> None:
    cloudwatch = boto3.client("cloudwatch")
    points = [
        {"Timestamp": "2026-11-01T00:00:00Z", "ExtendedStatistics": {"p50": 900.0}},
        {"Timestamp": "2026-11-02T00:00:00Z", "ExtendedStatistics": {"p50": 120.5}},
    ]
    expected = {
        "Namespace": "image-fanout-dev",
        "MetricName": "Duration",
        "Dimensions": [{"Name": "size", "Value": "40x30"}],
        "Period": 86400,
        "ExtendedStatistics": ["p50"],
        "StartTime": ANY,
        "EndTime": ANY,
    }
    with Stubber(cloudwatch) as stub:
        stub.add_response("get_metric_statistics", {"Datapoints": points}, expected)
        found = get_median_of_last_day(
            cloudwatch, "image-fanout-dev", "Duration", {"size": "40x30"}
        )
    assert found == 120.5


def hooked(monkeypatch: pytest.MonkeyPatch, service: str, event: str, hook: Any) -> None:
    """Have all clients of a service that the stage makes call this hook."""
    real = Stage.client

    def client(stage: Stage, name: str, *config: Any) -> Any:
        client = real(stage, name, *config)
        if name == service:
            client.meta.events.register(event, hook)
        return client

    monkeypatch.setattr(Stage, "client", client)


def test_without_leave_to_read_metrics_it_says_what_is_needed(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Failing("GetMetricStatistics", refusal("AccessDenied", 403), times=99)
    hooked(monkeypatch, "cloudwatch", "before-call.cloudwatch", refused)
    run = filled()
    assert run.code == 1
    assert "may not read the metric Duration of image-fanout-dev: docs/operations.md" in run.err


class TestSeveralSizes:
    """A stage with the sizes 40x30 and 20x, and a queue for each."""

    ALL = ("backfill", "--stage", "dev", "--all-sizes")

    @pytest.fixture(autouse=True)
    def url(self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> str:
        """The queue of 20x."""
        sqs: Any = deployed.queues.sqs
        url: str = sqs.create_queue(QueueName="twenty")["QueueUrl"]
        stack = Stage("dev", "eu-west-1").stack
        first = stack.sizes["40x30"]
        environment = {
            "SIZE": Size(name="20x", width=20).model_dump_json(),
            "QUEUE_URL": url,
        }
        second = first._replace(environment=first.environment | environment)
        sizes = {**stack.sizes, "20x": second}
        monkeypatch.setattr(Stage, "stack", Stack(stack.name, stack.outputs, sizes))
        queues = copy(deployed.queues)
        queues.url = url
        self.twenty = replace(deployed, queues=queues)
        return url

    def waiting(self) -> list[str]:
        """Takes the messages of 20x; their paths."""
        return paths(self.twenty.waiting())

    def test_one_command_renders_each_at_its_queue(
        self, deployed: Deployed, checkpoints: Path
    ) -> None:
        for name in ("a.jpg", "b.jpg"):
            deployed.put(name)
        deployed.s3.put_object(Bucket="images-bucket", Key="20x/a.jpg", Body=b"variant")
        run = fanout(*self.ALL, "--yes")
        assert run.code == 0
        assert run.out == (
            "2 photos to render at 40x30: about 0 Lambda seconds and $0.00 "
            "(0.20 s a photo, a guess: the last day has no data)\n"
            "1 photo to render at 20x: about 0 Lambda seconds and $0.00 "
            "(0.20 s a photo, a guess: the last day has no data)\n"
            "In all 3 variants: about 1 Lambda second and $0.00\n"
            "Asked the workers to render 3 variants at 2 sizes.\n"
        )
        assert paths(deployed.waiting()) == ["a.jpg", "b.jpg"]
        assert self.waiting() == ["b.jpg"]
        assert list(checkpoints.iterdir()) == []

    def test_it_asks_once(self, deployed: Deployed) -> None:
        deployed.put("a.jpg")
        run = fanout(*self.ALL, answer="n")
        assert run.err.count("Have workers render 2 variants at 2 sizes?") == 1
        assert run.code == 1
        assert deployed.waiting() + self.waiting() == []

    def test_as_json_each_size_has_its_estimate(self, deployed: Deployed) -> None:
        deployed.put("a.jpg")
        lines = fanout(*self.ALL, "--stale", "--yes", "--json").lines
        assert [(line.get("size"), line.get("photos")) for line in lines[:2]] == [
            ("40x30", 1),
            ("20x", 1),
        ]
        assert lines[2:] == [{"sent": 2}]

    def test_some_sizes_are_named_each(self, deployed: Deployed) -> None:
        deployed.put("a.jpg")
        command = ("backfill", "--stage", "dev", "--yes", "--json")
        twice = fanout(*command, "--size", "20x", "--size", "20x")
        assert twice.lines[-1] == {"sent": 1}
        assert (deployed.waiting(), self.waiting()) == ([], ["a.jpg"])
        assert fanout(*command, "--size", "20x", "--size", "40x30").lines[-1] == {"sent": 2}

    @pytest.mark.parametrize("options", [(), ("--size", "20x", "--all-sizes")])
    def test_either_the_names_or_all(self, options: tuple[str, ...]) -> None:
        run = fanout("backfill", "--stage", "dev", *options)
        assert run.code == 2
        assert "give either --size or --all-sizes" in run.err

    @pytest.mark.parametrize("call", [1, 3, 4, 6])
    def test_resuming_sends_the_rest_of_each_size_that_is_not_done(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, checkpoints: Path, call: int
    ) -> None:
        """Of three batches a size, those before a Ctrl-C are sent."""
        for number in range(25):
            deployed.put(f"{number:02}.jpg")
        calls = iter(range(1, 100))

        def stop(**_: Any) -> None:
            if next(calls) == call:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            hooked(patched, "sqs", "before-call.sqs.SendMessageBatch", stop)
            run = fanout(*self.ALL, "--stale", "--prefix", "", "--yes")
        sent = (call - 1) // 3 * 25 + (call - 1) % 3 * 10
        assert run.code == 130
        command = "./fanout backfill --stage dev --all-sizes --stale --resume"
        assert f"Stopped after {sent} of 50. To continue: {command}\n" in run.err
        run = fanout(*command.split()[1:], "--yes", "--json")
        assert run.code == 0
        assert run.lines[-1] == {"sent": 50 - sent}
        assert ("40x30: no checkpoint: it is done" in run.err) == (call > 3)
        assert len(deployed.waiting()) + len(self.waiting()) == 50
        assert list(checkpoints.iterdir()) == []


class TestInterrupted:
    """Stopped at one AWS call after another: resumed, everything is sent."""

    NAMES = tuple(f"{number:02}.jpg" for number in range(35))

    def interrupted(self, monkeypatch: pytest.MonkeyPatch, call: int, *, after: bool) -> None:
        """Ctrl-C at the n-th SendMessageBatch, before SQS sees it or after it has answered."""
        batches = iter(range(1, 1000))

        def stop(**_: Any) -> None:
            if next(batches) == call:
                raise KeyboardInterrupt

        when = "after-call" if after else "before-call"
        hooked(monkeypatch, "sqs", f"{when}.sqs.SendMessageBatch", stop)

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("call", [1, 2, 4])
    def test_resuming_sends_the_rest_and_at_most_one_batch_twice(
        self,
        deployed: Deployed,
        monkeypatch: pytest.MonkeyPatch,
        checkpoints: Path,
        call: int,
        after: bool,
    ) -> None:
        for name in self.NAMES:
            deployed.put(name)
        with monkeypatch.context() as patched:
            self.interrupted(patched, call, after=after)
            run = filled()
        assert run.code == 130
        assert (
            f"Stopped after {10 * (call - 1)} of 35. To continue: "
            "./fanout backfill --stage dev --size 40x30 --resume"
        ) in run.err
        first = paths(deployed.waiting())
        assert len(first) == min(35, 10 * (call - 1 + after))
        run = filled("--resume")
        assert run.code == 0
        rest = paths(deployed.waiting())
        assert set(first) | set(rest) == set(self.NAMES)
        assert len(first) + len(rest) - 35 <= 10
        assert list(checkpoints.iterdir()) == []

    @pytest.mark.parametrize(
        ("account", "region"), [("123456789012", "us-east-1"), ("210987654321", "eu-west-1")]
    )
    def test_a_run_in_another_account_or_region_is_not_resumed(
        self,
        deployed: Deployed,
        monkeypatch: pytest.MonkeyPatch,
        checkpoints: Path,
        account: str,
        region: str,
    ) -> None:
        for name in self.NAMES:
            deployed.put(name)
        with monkeypatch.context() as patched:
            self.interrupted(patched, 2, after=False)
            filled()
        deployed.waiting()
        (kept,) = checkpoints.iterdir()
        assert kept.name == "backfill-dev-123456789012-eu-west-1-40x30.json"
        with monkeypatch.context() as patched:
            patched.setattr(Stage, "region", region)
            patched.setattr(backfill, "get_account", lambda _: account)
            run = filled("--resume")
        assert "no checkpoint: starting from the first path" in run.err
        assert len(deployed.waiting()) == 35
        assert list(checkpoints.iterdir()) == [kept]

    def test_a_run_that_does_not_resume_says_that_it_could(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in self.NAMES:
            deployed.put(name)
        with monkeypatch.context() as patched:
            self.interrupted(patched, 2, after=False)
            filled()
        deployed.waiting()
        run = filled()
        assert "40x30: an earlier run stopped after 09.jpg" in run.err
        assert "--resume" in run.err
        assert len(deployed.waiting()) == 35

    def test_a_listing_that_breaks_off_sends_nothing(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deployed.put("a.jpg")
        failing = Failing("ListObjectsV2", refusal("SlowDown", 503), times=99)
        hooked(monkeypatch, "s3", "before-call.s3", failing)
        run = filled()
        assert run.code == 1
        assert "SlowDown" in run.err
        assert deployed.waiting() == []

    def test_nothing_to_resume_starts_from_the_first_path(self, deployed: Deployed) -> None:
        assert "no checkpoint: starting from the first path" in filled("--resume").err
