"""Evaluates resource policies as far as this stack needs.

It reads Allow statements by action, service and source, and ignores Deny statements.
"""

import json
from fnmatch import fnmatchcase
from typing import Any

_ON_SOURCE = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")
_SOURCE = "aws:sourcearn"


def allows(policy: str | None, action: str, service: str, source: str) -> bool:
    """Returns whether the service may take the action on behalf of the source ARN."""
    return any(
        statement.get("Effect") == "Allow"
        and _is_principal(statement.get("Principal"), service)
        and _matches(statement.get("Action"), action, ignoring_case=True)
        and _has_source(statement.get("Condition", {}), source)
        for statement in _statements(policy)
    )


def is_public(policy: str | None, action: str) -> bool:
    """Returns whether everybody may take the action, without a condition."""
    return any(
        statement.get("Effect") == "Allow"
        and "*" in _as_list(_principals(statement.get("Principal"), "AWS"))
        and not statement.get("Condition")
        and _matches(statement.get("Action"), action, ignoring_case=True)
        for statement in _statements(policy)
    )


def _statements(policy: str | None) -> list[dict[str, Any]]:
    return _as_list(json.loads(policy).get("Statement")) if policy else []


def _is_principal(principal: Any, service: str) -> bool:
    return bool({"*", service} & set(_as_list(_principals(principal, "Service"))))


def _principals(principal: Any, kind: str) -> Any:
    """Returns the principals of a kind; `"*"` means everybody of every kind."""
    return principal.get(kind) if isinstance(principal, dict) else principal


def _has_source(conditions: dict[str, dict[str, Any]], source: str) -> bool:
    """Ignores conditions on other keys, such as the account."""
    sources = [
        patterns
        for operator in _ON_SOURCE
        for key, patterns in conditions.get(operator, {}).items()
        if key.lower() == _SOURCE
    ]
    return all(_matches(patterns, source) for patterns in sources)


def _matches(patterns: Any, text: str, *, ignoring_case: bool = False) -> bool:
    fold = str.lower if ignoring_case else str
    return any(fnmatchcase(fold(text), fold(pattern)) for pattern in _as_list(patterns))


def _as_list(value: Any) -> list[Any]:
    """Wraps a single value: IAM accepts one value or a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
