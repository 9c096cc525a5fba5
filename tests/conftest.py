"""How all tests run: side by side, in any order, with few or many examples."""

import os
import sys
from typing import IO, cast

import pytest
from aws_lambda_powertools import Logger
from hypothesis import settings

from lib.telemetry import SERVICE

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

# End-to-end tests mostly wait: two more processes than cores keep the cores busy meanwhile.
_WAITING = 2


def pytest_xdist_auto_num_workers() -> int:
    """What --numprocesses=auto means."""
    return len(os.sched_getaffinity(0)) + _WAITING if hasattr(os, "sched_getaffinity") else 4


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files by the argument they are given as: pytest would spell out each byte of them."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
