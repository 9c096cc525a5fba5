"""Whether a resource's policy lets a service of AWS in, as far as that can be told from its text.

Enough for the policies of this stack: allowances by action, service and source; no denials.
"""

import json
from fnmatch import fnmatchcase
from typing import Any

_ON_SOURCE = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")
_SOURCE = "aws:sourcearn"


def allows(policy: str | None, action: str, service: str, source: str) -> bool:
    """Whether the service may do this (`sqs:SendMessage`) on behalf of a resource's ARN."""
    return any(
        statement.get("Effect") == "Allow"
        and _lets_in(statement.get("Principal"), service)
        and _matches(statement.get("Action"), action, ignoring_case=True)
        and _is_for(statement.get("Condition", {}), source)
        for statement in _statements(policy)
    )


def is_public(policy: str | None, action: str) -> bool:
    """Whether everybody may do this, without a condition."""
    return any(
        statement.get("Effect") == "Allow"
        and "*" in _listed(_named(statement.get("Principal"), "AWS"))
        and not statement.get("Condition")
        and _matches(statement.get("Action"), action, ignoring_case=True)
        for statement in _statements(policy)
    )


def _statements(policy: str | None) -> list[dict[str, Any]]:
    return _listed(json.loads(policy).get("Statement")) if policy else []


def _lets_in(principal: Any, service: str) -> bool:
    return bool({"*", service} & set(_listed(_named(principal, "Service"))))


def _named(principal: Any, kind: str) -> Any:
    """`"*"` stands for everybody of every kind."""
    return principal.get(kind) if isinstance(principal, dict) else principal


def _is_for(conditions: dict[str, dict[str, Any]], source: str) -> bool:
    """Other conditions, such as the account's, cannot be judged from here."""
    wanted = [
        patterns
        for operator in _ON_SOURCE
        for key, patterns in conditions.get(operator, {}).items()
        if key.lower() == _SOURCE
    ]
    return all(_matches(patterns, source) for patterns in wanted)


def _matches(patterns: Any, text: str, *, ignoring_case: bool = False) -> bool:
    fold = str.lower if ignoring_case else str
    return any(fnmatchcase(fold(text), fold(pattern)) for pattern in _listed(patterns))


def _listed(value: Any) -> list[Any]:
    """IAM takes one or a list of many things."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
