"""Rules of our own on a compiled template, in AWS's own language for them (CloudFormation Guard).

The rules are in *.guard beside this file, what is excepted from them in exceptions.yml.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from guardpycfn import validate_with_guard
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from infra.rules.facts import facts_of
from lib.errors import ConfigError

_FOLDER = Path(__file__).parent
# Parts of a rule that say what it is about: that they do not hold is no failure.
_CONDITIONS = ("Filter", "RuleCondition", "TypeCondition", "WhenCondition")
Template = dict[str, Any]


class Violation(NamedTuple):
    """A rule, the logical id of the resource that breaks it, and what is wrong with it."""

    rule: str
    resource: str
    said: str


class Exemption(BaseModel):
    """What a resource is excepted from, and why; on every stage unless one is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    resource: str
    reason: str = Field(min_length=20)
    stage: str | None = None

    def excuses(self, violation: Violation, stage: str) -> bool:
        """Whether this is the violation that it is about."""
        return (self.rule, self.resource) == (
            violation.rule,
            violation.resource,
        ) and self.stage in (None, stage)


def exemptions() -> list[Exemption]:
    """What exceptions.yml says."""
    listed = yaml.safe_load((_FOLDER / "exceptions.yml").read_text())
    return TypeAdapter(list[Exemption]).validate_python(listed)


def violations(template: Template, stage: str) -> list[Violation]:
    """What breaks a rule and is not excepted."""
    excepted = exemptions()
    return [
        violation
        for violation in all_violations(template)
        if not any(each.excuses(violation, stage) for each in excepted)
    ]


def all_violations(template: Template) -> list[Violation]:
    """What breaks a rule, excepted or not; ConfigError where a rule cannot be read."""
    document = json.dumps(template | {"Facts": facts_of(template)})
    found: dict[Violation, None] = {}
    for file in sorted(_FOLDER.glob("*.guard")):
        # The short answer comes without its beginning once it is longer than 8 KB.
        answer = validate_with_guard(document, file.read_text(), verbose=True)
        if not answer["success"]:
            raise ConfigError(f"{file.name}: {answer['error']}")
        for rule in answer["result"]["children"]:
            for resource, said in _failures(rule):
                found[Violation(rule["context"], resource, said)] = None
    return list(found)


def _failures(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The resource and the message of each clause that made a rule fail, however deep it is."""
    ((kind, told),) = node["container"].items()
    status = told.get("status") if isinstance(told, dict) else told
    if kind in _CONDITIONS or status in ("PASS", "SKIP", "Success"):
        return
    if kind == "ClauseValueCheck":
        path = next(_values(told, "path"), "")
        yield _resource(path), next(_values(told, "custom_message"), node["context"].strip())
    for child in node["children"]:
        yield from _failures(child)


def _values(told: Any, name: str) -> Iterator[str]:
    """What stands under a name, wherever that is, and is not empty."""
    if isinstance(told, dict):
        if told.get(name):
            yield told[name]
        for each in told.values():
            yield from _values(each, name)


def _resource(path: str) -> str:
    """`/Resources/<this>/…` or `/Facts/<kind>/<this>/…`."""
    parts = path.split("/")
    return parts[3] if parts[1:2] == ["Facts"] else "".join(parts[2:3])
