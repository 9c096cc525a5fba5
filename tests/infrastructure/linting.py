"""cfn-lint on what is new in a template: it takes 20 ms for each resource."""

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from tests.infrastructure.template import Template

# Serverless names dependencies that a reference implies already.
_IGNORED = "W3005"
# How resources name each other: Ref, Fn::GetAtt and Fn::Sub.
_REFERENCE = re.compile(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"|\$\{(\w+)[.}]')


def lint(template: Template, before: Iterable[Template] = ()) -> list[str]:
    """What cfn-lint says of the resources that no template before has, and of the outputs.

    Of those that differ by the name of their size alone, it sees one. Others are there by their
    type, if something refers to them. cfn-lint is imported here: other tests need not wait for it.
    """
    from cfnlint.api import lint as lint_text  # noqa: PLC0415
    from cfnlint.config import ManualArgs  # noqa: PLC0415

    seen = {shape for each in before for shape in _shapes(each)}
    new = {logical for shape, logical in _shapes(template).items() if shape not in seen}
    rest = {name: part for name, part in template.document.items() if name != "Resources"}
    named = _named_in(rest).union(*(_named_in(template.resources[logical]) for logical in new))
    resources = {
        logical: resource if logical in new else {"Type": resource["Type"]}
        for logical, resource in template.resources.items()
        if logical in new | named
    }
    config = ManualArgs(regions=["eu-west-1"], ignore_checks=[_IGNORED])
    return [
        str(match)
        for match in lint_text(json.dumps(rest | {"Resources": resources}), config=config)
        if match.path[:1] != ["Resources"] or match.path[1] in new
    ]


@cache
def _shapes(template: Template) -> dict[str, str]:
    """Each resource with its logical id, without names of sizes; and one that is so."""
    names = json.loads(template.document["Outputs"]["Sizes"]["Value"])
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    size = re.compile("|".join(longest_first), re.IGNORECASE)
    shapes: dict[str, str] = {}
    for logical, resource in template.resources.items():
        shapes.setdefault(size.sub("size", json.dumps([logical, resource])), logical)
    return shapes


def _named_in(part: dict[str, Any]) -> set[str]:
    depends = part.get("DependsOn", [])
    found = {name for pair in _REFERENCE.findall(json.dumps(part)) for name in pair if name}
    return found | {depends} if isinstance(depends, str) else found.union(depends)
