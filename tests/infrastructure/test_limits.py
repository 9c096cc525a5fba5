"""Before a deploy: what the template asks for and the account may not have."""

from typing import Any

import pytest

from infra.hooks.limits import find_small_limits
from lib.aws.functions import Limits
from tests.infrastructure.template import Template

# Four sizes with ten workers each, five fetches and two purges at once.
ASKED = 4 * 10 + 5 + 2


@pytest.mark.parametrize(("unreserved", "warned"), [(10, True), (ASKED - 1, True), (ASKED, False)])
def test_all_queues_count_against_the_accounts_limit(
    dev: Template, unreserved: int, warned: bool
) -> None:
    warnings = find_small_limits(dev.document, Limits(1000, unreserved))
    expected = f"{ASKED} functions running at once, and this account may run {unreserved}"
    assert [expected in line for line in warnings] == [True] * warned


def test_a_queue_without_a_bound_takes_all_that_the_account_has() -> None:
    mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {}}
    bounded = {**mapping, "Properties": {"ScalingConfig": {"MaximumConcurrency": 2}}}
    template = {"Resources": {"A": mapping, "B": bounded}}
    (warning,) = find_small_limits(template, Limits(1000, 30))
    assert "may have 32 functions" in warning


@pytest.mark.parametrize(
    ("memory", "concurrency", "warned"),
    [(3008, 10, False), (3009, 10, True), (3009, 999, True), (3009, 1000, False)],
)
def test_a_new_account_gets_a_warning_of_large_functions(
    memory: int, concurrency: int, warned: bool
) -> None:
    properties: dict[str, Any] = {"FunctionName": "image-fanout-dev-resize-a", "MemorySize": memory}
    template = {"Resources": {"A": {"Type": "AWS::Lambda::Function", "Properties": properties}}}
    warnings = find_small_limits(template, Limits(concurrency, concurrency))
    assert [f"image-fanout-dev-resize-a ({memory} MB)" in line for line in warnings] == [
        True
    ] * warned
