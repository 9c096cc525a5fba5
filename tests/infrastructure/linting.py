"""cfn-lint on what is new in a template: it takes 20 ms for each resource."""

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.infrastructure.template import Template

if TYPE_CHECKING:
    from cfnlint.rules import Match, Rules

# cfn-lint's rules and schemas take seconds to load, and one process has them.
LINT = pytest.mark.xdist_group("lint")
# Serverless names dependencies that a reference implies already.
_IGNORED = "W3005"
# How resources name each other: Ref, Fn::GetAtt and Fn::Sub.
_REFERENCE = re.compile(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"|\$\{(\w+)[.}]')
# Values that make no difference to a rule: names of stages, the time of the upload, recipe ids, and
# texts of environment variables; and the Python and processor of the local stage.
_VALUES = (
    r"(?<=image-fanout[-/])(?:dev|prod|local)(?:/\d[^/]*)?",
    r'(?<="recipe", "Value": )"\w+"',
    r'(?<=[A-Z_]": )"(?:\\.|[^"\\])*"',
    r"python3\.\d+|arm64|x86_64",
)
_VALUE = re.compile("|".join(_VALUES))


def lint(template: Template, before: Iterable[Template] = ()) -> list[str]:
    """What cfn-lint says of the resources that no template before has, and of the outputs.

    Of those that differ by the name of their size alone, or by such values, it sees one.
    Others are there by their type, if something refers to them.
    """
    seen = {shape for each in before for shape in _shapes(each)}
    new = {logical for shape, logical in _shapes(template).items() if shape not in seen}
    rest = {name: part for name, part in template.document.items() if name != "Resources"}
    named = _named_in(rest).union(*(_named_in(template.resources[logical]) for logical in new))
    resources = {
        logical: resource if logical in new else {"Type": resource["Type"]}
        for logical, resource in template.resources.items()
        if logical in new | named
    }
    settings = {"regions": ["eu-west-1"], "ignore_checks": [_IGNORED]}
    return [
        str(match)
        for match in find_matches(rest | {"Resources": resources}, **settings)
        if match.path[:1] != ["Resources"] or match.path[1] in new
    ]


def find_matches(document: dict[str, Any], **settings: Any) -> "list[Match]":
    """What cfn-lint says of a document. It is imported here: other tests need not wait for it."""
    from cfnlint.config import ConfigMixIn  # noqa: PLC0415
    from cfnlint.decode import decode_str  # noqa: PLC0415
    from cfnlint.runner import run_template_by_data  # noqa: PLC0415

    decoded, mistakes = decode_str(json.dumps(document))
    assert not mistakes
    return list(run_template_by_data(decoded, ConfigMixIn(**settings), _rules()))


@cache
def _rules() -> "Rules":
    """All rules; each keeps the schemas that it has read."""
    from cfnlint.config import ConfigMixIn  # noqa: PLC0415
    from cfnlint.runner import Runner  # noqa: PLC0415

    return Runner(ConfigMixIn(regions=["eu-west-1"])).rules


@cache
def _shapes(template: Template) -> dict[str, str]:
    """Each resource with its logical id, without sizes' names and such values; one that is so."""
    names = json.loads(template.document["Outputs"]["Sizes"]["Value"])
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    size = re.compile("|".join(longest_first), re.IGNORECASE)
    shapes: dict[str, str] = {}
    for logical, resource in template.resources.items():
        text = size.sub("size", json.dumps([logical, resource]))
        shapes.setdefault(_VALUE.sub("", text), logical)
    return shapes


def _named_in(part: dict[str, Any]) -> set[str]:
    depends = part.get("DependsOn", [])
    found = {name for pair in _REFERENCE.findall(json.dumps(part)) for name in pair if name}
    return found | {depends} if isinstance(depends, str) else found.union(depends)
