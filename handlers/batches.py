"""What a function that drains a queue answers: which messages SQS must deliver again."""

from typing import Any


def failed(ids: list[str]) -> dict[str, Any]:
    """SQS's partial batch response; messages that are not named are deleted."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
