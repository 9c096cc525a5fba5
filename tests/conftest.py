"""How all tests run: side by side, in any order, with few or many examples."""

import gc
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import IO, cast

import pytest
import typer.main
from _pytest.mark import deselect_by_keyword
from _pytest.runner import runtestprotocol
from aws_lambda_powertools import Logger
from hypothesis import settings

from lib.pipeline.telemetry import SERVICE
from tests import node

# 100 examples find what is likely to break; twenty times as many are for before a release.
settings.register_profile("quick", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("quick")


class _CurrentOutput:
    """Standard output as it is when something is written: each test has one of its own."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


# The workers' logger keeps the stream that it is made with, beyond the test that closes it.
Logger(service=SERVICE, stream=cast("IO[str]", _CurrentOutput()))

# Typer makes the whole command line anew for each command.
typer.main.get_command = cache(typer.main.get_command)

# What is imported stays, and is large: to look through it again and again took a tenth of the time.
gc.set_threshold(50_000, 20, 20)
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Have the garbage collector leave alone what is there before the first test."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Have the garbage collector leave alone what ends with the process anyway."""
    gc.freeze()


# Jobs in the background ignore Ctrl-C, and so would every command that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What a slow test takes unless it says.
_SLOW_SECONDS = 50
# End-to-end tests mostly wait: two more processes than cores keep the cores busy meanwhile.
_WAITING = 2


def pytest_xdist_auto_num_workers() -> int:
    """What --numprocesses=auto means."""
    return len(os.sched_getaffinity(0)) + _WAITING if hasattr(os, "sched_getaffinity") else 4


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files by the argument they are given as: pytest would spell out each byte of them."""
    return argname if isinstance(val, bytes) else None


# Files whose tests are handed out together.
_BY_FILE = ("tests/unit/", "tests/integration/")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep a file's tests in one process: they share fixtures, and to hand out each costs time."""
    file = item.nodeid.partition("::")[0]
    if file.startswith(_BY_FILE) and not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group(file))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Have plugins look at none but what -k selects, and begin with what takes longest.

    No process is left alone with that at the end.
    """
    deselect_by_keyword(items, config)
    yield
    items.sort(key=_seconds, reverse=True)


def _seconds(item: pytest.Item) -> int:
    slow = item.get_closest_marker("slow")
    return 0 if slow is None else slow.kwargs.get("seconds", _SLOW_SECONDS)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """In one of several processes, send one report of a test that passes, of all its time.

    A message costs as much as a small test.
    """
    if not hasattr(item.config, "workerinput"):
        return None
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if all(report.passed for report in reports):
        _, call, _ = reports
        call.duration = sum(report.duration for report in reports)
        reports = [call]
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_sessionfinish() -> None:
    """End what tests share."""
    node.stop()


# What a run spends its time on, by the beginning of a test's name; the first that fits counts.
_KINDS = {
    "tests/e2e/test_chaos": "uploads while S3 fails",
    "tests/e2e/test_lifecycle": "a stack's life",
    "tests/e2e/test_docs": "demo, and commands of the documents",
    "tests/e2e/test_delivery": "stack with everything on",
    "tests/e2e/test_on_demand": "stack with everything on",
    "tests/e2e/test_verify": "stack with everything on",
    "tests/e2e/": "stack as it is by default",
    "tests/infrastructure/test_lint": "cfn-lint",
    "tests/infrastructure/": "compiled templates",
    "tests/integration/": "integration (moto)",
    "tests/unit/images/": "pictures",
    "tests/unit/pipeline/test_promise": "search for a broken promise",
    "tests/unit/": "other unit tests",
}
# A run of less needs no table.
_LONG_SECONDS = 60


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what a long run spent its time on: seconds of all processes together."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            kinds = (kind for start, kind in _KINDS.items() if report.nodeid.startswith(start))
            seconds[next(kinds, "others")] += report.duration
    if sum(seconds.values()) > _LONG_SECONDS:
        terminalreporter.section("seconds, all processes together")
        for kind, spent in sorted(seconds.items(), key=lambda item: -item[1]):
            terminalreporter.line(f"{spent:7.0f}  {kind}")
