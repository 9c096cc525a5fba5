"""`fanout logs`: a worker's lines, readable, without Lambda's own."""

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lib import log_lines
from tests.integration.deployed import Commands, Deployed, deployed, fanout, refuse

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

__all__ = ["deployed", "fanout"]

GROUP = "/aws/lambda/image-fanout-dev-resize-400x300"
CHATTER = (
    "INIT_START Runtime Version: python:3.13.v50",
    "START RequestId: 8f5 Version: $LATEST\n",
    "END RequestId: 8f5\n",
    "REPORT RequestId: 8f5 Duration: 12.00 ms",
    json.dumps({"_aws": {"Timestamp": 1}, "size": "400x300", "Rendered": 1}),
    "\n",
)


def line(message: str, level: str = "INFO", **more: Any) -> str:
    """As aws_lambda_powertools writes it."""
    known = {"level": level, "location": "parked:76", "message": message, "service": "x"}
    return json.dumps(known | {"timestamp": "2026-11-21 07:30:00,000+0000"} | more)


PARKED = line(
    "parked", "ERROR", message_id="m-1", path="2026/%C3%A9%0A.jpg", reason="truncated", error="cut"
)
RENDERED = line("rendered", path="a%20b.jpg", bytes_in=10, milliseconds=7)
CRASHED = line("crashed", "ERROR", exception="Traceback:\n  File\nKeyError: 1")


class Log:
    """The log of one size's function."""

    def __init__(self) -> None:
        self.logs: CloudWatchLogsClient = boto3.client("logs")
        self.logs.create_log_group(logGroupName=GROUP)
        self.logs.create_log_stream(logGroupName=GROUP, logStreamName="one")

    def write(self, *texts: str, seconds_ago: float = 10) -> None:
        at = int((time.time() - seconds_ago) * 1000)
        events: Any = [{"timestamp": at, "message": text} for text in texts]
        self.logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)


@pytest.fixture
def log(deployed: Deployed) -> Log:
    return Log()


def logs(fanout: Commands, *options: str) -> list[str]:
    run = fanout("logs", "--size", "400x300", *options)
    assert run.code == 0, run.err
    return [text.partition("  ")[2] for text in run.out.splitlines()]


def test_lines_are_readable_and_lambdas_own_are_left_out(fanout: Commands, log: Log) -> None:
    log.write(*CHATTER, RENDERED, PARKED, "Task timed out after 150.00 seconds", "[1, 2]")
    assert logs(fanout) == [
        "INFO  rendered  a b.jpg  bytes_in=10 milliseconds=7",
        "ERROR  parked  2026/é\\n.jpg  truncated: cut  message_id=m-1",
        "Task timed out after 150.00 seconds",
        "[1, 2]",
    ]


def test_a_crash_is_shown_with_its_traceback(fanout: Commands, log: Log) -> None:
    log.write(CRASHED)
    assert logs(fanout) == ["ERROR  crashed", "  Traceback:", "    File", "  KeyError: 1"]


@pytest.mark.parametrize(("reason", "said"), [("truncated", "parked"), ("crashed", "crashed")])
def test_lines_of_a_reason_or_kind(fanout: Commands, log: Log, reason: str, said: str) -> None:
    log.write(RENDERED, PARKED, CRASHED, "truncated crashed")
    run = fanout("logs", "--size", "400x300", "--reason", reason, "--json")
    (only,) = [json.loads(text) for text in run.out.splitlines()]
    assert only["said"] == said


def test_the_pattern_is_one_that_cloudwatch_understands() -> None:
    expected = '{ $.reason = "trunc\\"ated" || $.message = "trunc\\"ated" }'
    assert log_lines._pattern('trunc"ated') == expected


def test_json_has_everything(fanout: Commands, log: Log) -> None:
    log.write(PARKED)
    told = json.loads(fanout("logs", "--size", "400x300", "--json").out)
    assert told.pop("at").endswith("+00:00")
    assert told == {
        "said": "parked",
        "level": "ERROR",
        "path": "2026/é\n.jpg",
        "reason": "truncated",
        "error": "cut",
        "trace": "",
        "more": {"message_id": "m-1"},
    }


def test_only_what_is_young_enough(fanout: Commands, log: Log) -> None:
    log.write("old", seconds_ago=5000)
    log.write("young", seconds_ago=50)
    assert logs(fanout) == ["young"]
    assert logs(fanout, "--since", "40s") == []
    assert logs(fanout, "--since", "90m") == ["old", "young"]


def test_more_lines_than_a_page(fanout: Commands, log: Log) -> None:
    log.write(*(f"line {number}" for number in range(10_050)))
    assert len(logs(fanout)) == 10_050


def test_a_tail_shows_each_line_once_and_late_ones_too(
    fanout: Commands, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = [["third", "fourth"], [], ["fifth"]]

    def sleep(_: float) -> None:
        if not arriving:
            raise KeyboardInterrupt
        for text in arriving.pop(0):
            log.write(text, seconds_ago=20)

    monkeypatch.setattr("lib.log_lines.time", SimpleNamespace(sleep=sleep))
    log.write("first", seconds_ago=3000)
    log.write("second", seconds_ago=10)
    assert logs(fanout, "--tail") == ["first", "second", "third", "fourth", "fifth"]


def test_a_function_that_never_ran_has_no_log(fanout: Commands, deployed: Deployed) -> None:
    run = fanout("logs", "--size", "thumbnail")
    assert run.code == 1
    assert run.err.startswith("There is no log /aws/lambda/image-fanout-dev-resize-thumbnail yet")


def test_without_leave_it_says_so(
    fanout: Commands, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "FilterLogEvents", "AccessDeniedException")
    run = fanout("logs", "--size", "400x300")
    assert run.code == 1
    assert run.err.startswith(f"These credentials may not read the log {GROUP}")


@pytest.mark.parametrize("options", [["--since", "1w"], ["--since", "h"], ["--size", "1x1"]])
def test_wrong_use(fanout: Commands, deployed: Deployed, options: list[str]) -> None:
    assert fanout("logs", "--size", "400x300", *options).code == 2
