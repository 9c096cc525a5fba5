"""Every stage's template passes cfn-lint and our own rules, with each of its options."""

import copy
import json

import pytest

from infra.generate import MAX_RESOURCES
from infra.rules import violations
from tests.infrastructure.conftest import LESS, OPTIONS, WAYS, Package
from tests.infrastructure.linting import LINT, lint
from tests.infrastructure.names import find_shared_names
from tests.infrastructure.template import Template

# CloudFormation's limit on a template that it takes from S3.
MAX_TEMPLATE_BYTES = 1_000_000
Case = tuple[str, tuple[str, ...]]
# Each stage by itself, and with every option at once.
CASES: list[Case] = [
    *((stage, ()) for stage in ("dev", "prod", "local")),
    ("prod", OPTIONS),
    ("dev", LESS),
]
# And each way of delivery, by its name.
EVERYTHING: list[Case | str] = [*CASES, *WAYS]
# cfn-lint takes seconds for each. It sees in `largest` what is in "everything", and in others what
# is in these: a stage with all options, each way, and the local stage. Of each it sees what those
# before it have not.
SEEN_ELSEWHERE: list[Case | str] = [
    ("prod", ()),
    "everything",
    "formats-local",
]
LINTED = [each for each in EVERYTHING if each not in SEEN_ELSEWHERE]


def named(case: "Case | str") -> str:
    if isinstance(case, str):
        return case
    stage, options = case
    return f"{stage} with options" if options == OPTIONS else " ".join((stage, *options))


@pytest.fixture(params=EVERYTHING, ids=named)
def case(
    request: pytest.FixtureRequest, package: Package, package_way: Package
) -> tuple[str, Template]:
    return made(request.param, package, package_way)


def made(case: "Case | str", package: Package, package_way: Package) -> tuple[str, Template]:
    """The stage and the template of a case, or of a way of delivery by its name."""
    if isinstance(case, str):
        return WAYS[case][0], package_way(case)
    stage, options = case
    return stage, package(stage, *options)


@LINT
@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(LINTED)), ids=map(named, LINTED))
def test_cfn_lint_is_clean(package: Package, package_way: Package, number: int) -> None:
    *before, template = (made(each, package, package_way)[1] for each in LINTED[: number + 1])
    assert lint(template, before) == []


@LINT
@pytest.mark.slow
def test_as_many_sizes_as_a_stack_carries_with_everything_on_can_be_deployed(
    largest: Template, package: Package, package_way: Package
) -> None:
    assert len(largest.resources) <= MAX_RESOURCES
    assert len(json.dumps(largest.document)) <= MAX_TEMPLATE_BYTES
    assert list(find_shared_names(largest.resources)) == []
    assert lint(largest, (made(each, package, package_way)[1] for each in LINTED)) == []
    assert violations(largest.document, "prod") == []


@LINT
def test_cfn_lint_notices_a_misspelt_property(dev: Template) -> None:
    document = copy.deepcopy(dev.document)
    document["Resources"]["Topic"]["Properties"]["DisplayNames"] = "photos"
    (message,) = lint(Template(document), [dev])
    assert "DisplayNames" in message


def test_no_rule_of_ours_is_broken(case: tuple[str, Template]) -> None:
    stage, template = case
    assert violations(template.document, stage) == []
