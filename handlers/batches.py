"""What goes in and out of a function that drains a queue."""

from datetime import UTC, datetime
from typing import Any

from lib.messages import MAY_STOP_WORKERS, UNTRIED_SINCE, Message


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
    return [_message(record) for record in records(event)]


def _message(record: dict[str, Any]) -> Message:
    system, own = record["attributes"], record.get("messageAttributes", {})
    first = system.get("ApproximateFirstReceiveTimestamp")
    return Message(
        record["messageId"],
        record["body"],
        record["receiptHandle"],
        int(system["ApproximateReceiveCount"]),
        received_at=datetime.fromtimestamp(int(first) / 1000, UTC) if first else None,
        untried_since=_time(_text(own, UNTRIED_SINCE)),
        may_stop_workers=_text(own, MAY_STOP_WORKERS) == "true",
    )


def _text(attributes: dict[str, Any], name: str) -> str:
    return str(attributes.get(name, {}).get("stringValue") or "")


def _time(text: str) -> datetime | None:
    """None where anybody but a worker has written it."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


def failed(ids: list[str]) -> dict[str, Any]:
    """SQS's partial batch response; messages that are not named are deleted."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
