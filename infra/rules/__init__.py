"""Checks compiled templates against our rules, written in CloudFormation Guard's language.

The rules are in the *.guard files beside this one, their exemptions in exemptions.yml.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from guardpycfn import validate_with_guard
from pydantic import BaseModel, Field, TypeAdapter

from infra.rules.facts import facts_of
from lib.errors import ConfigError

_FOLDER = Path(__file__).parent
# Parts of a rule that select what it applies to: if they do not hold, that is no failure.
_CONDITIONS = ("Filter", "RuleCondition", "TypeCondition", "WhenCondition")
Template = dict[str, Any]


class Violation(NamedTuple):
    """A rule, the logical id of the resource that breaks it, and the rule's message."""

    rule: str
    resource: str
    message: str


class Exemption(BaseModel, extra="forbid", frozen=True):
    """A rule that a resource may break, and why; on every stage unless one is named."""

    rule: str
    resource: str
    reason: str = Field(min_length=20)
    stage: str | None = None

    def excuses(self, violation: Violation, stage: str) -> bool:
        """Returns whether the exemption covers the violation."""
        is_covered = (self.rule, self.resource) == (violation.rule, violation.resource)
        return is_covered and self.stage in (None, stage)


def exemptions() -> list[Exemption]:
    """Reads exemptions.yml."""
    listed = yaml.safe_load((_FOLDER / "exemptions.yml").read_text())
    return TypeAdapter(list[Exemption]).validate_python(listed)


def violations(template: Template, stage: str) -> list[Violation]:
    """Lists the violations of a template that have no exemption."""
    exempted = exemptions()
    return [
        violation
        for violation in all_violations(template)
        if not any(each.excuses(violation, stage) for each in exempted)
    ]


def all_violations(template: Template) -> list[Violation]:
    """Lists all violations of a template; raises ConfigError if a rule cannot be read."""
    document = json.dumps(template | {"Facts": facts_of(template)})
    found: dict[Violation, None] = {}
    for file in sorted(_FOLDER.glob("*.guard")):
        # The output that is not verbose loses its beginning if it is longer than 8 KB.
        output = validate_with_guard(document, file.read_text(), verbose=True)
        if not output["success"]:
            raise ConfigError(f"{file.name}: {output['error']}")
        for rule in output["result"]["children"]:
            for resource, message in _failures(rule):
                found[Violation(rule["context"], resource, message)] = None
    return list(found)


def _failures(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the resource and the message of each failed clause, however deep it is."""
    ((kind, check),) = node["container"].items()
    status = check.get("status") if isinstance(check, dict) else check
    if kind in _CONDITIONS or status in ("PASS", "SKIP", "Success"):
        return
    if kind == "ClauseValueCheck":
        path = next(_values(check, "path"), "")
        yield _resource(path), next(_values(check, "custom_message"), node["context"].strip())
    for child in node["children"]:
        yield from _failures(child)


def _values(check: Any, name: str) -> Iterator[str]:
    """Yields the values of a name that are not empty, at any depth."""
    if isinstance(check, dict):
        if check.get(name):
            yield check[name]
        for value in check.values():
            yield from _values(value, name)


def _resource(path: str) -> str:
    """Returns the logical id in `/Resources/<id>/…` or `/Facts/<kind>/<id>/…`."""
    parts = path.split("/")
    return parts[3] if parts[1:2] == ["Facts"] else "".join(parts[2:3])
