"""What goes in and out of a function that drains a queue."""

from typing import Any

from lib.messages import Message


def records(event: Any) -> list[dict[str, Any]]:
    """The messages of a batch; ValueError for anything else.

    An answer to what is no batch would tell its sender that all went well.
    """
    found = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(found, list):
        raise ValueError("not an SQS event: it has no list of Records")
    return found


def messages(event: Any) -> list[Message]:
    """The messages of a batch as a worker sees them; ValueError as for `records`."""
    return [
        Message(
            record["messageId"],
            record["body"],
            record["receiptHandle"],
            int(record["attributes"]["ApproximateReceiveCount"]),
        )
        for record in records(event)
    ]


def failed(ids: list[str]) -> dict[str, Any]:
    """SQS's partial batch response; messages that are not named are deleted."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
