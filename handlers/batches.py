"""What goes in and out of a function that drains a queue."""

from typing import Any


def records(event: Any) -> list[dict[str, Any]]:
    """The messages of a batch; ValueError for anything else.

    An answer to what is no batch would tell its sender that all went well.
    """
    found = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(found, list):
        raise ValueError("not an SQS event: it has no list of Records")
    return found


def failed(ids: list[str]) -> dict[str, Any]:
    """SQS's partial batch response; messages that are not named are deleted."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
