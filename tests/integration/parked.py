"""Makes dead letters as workers do, and reads queues inside moto."""

import json
from typing import TYPE_CHECKING, Any

from moto.sqs.models import sqs_backends

from lib.aws import sqs as edge
from lib.keys import escaped
from tests.integration.conftest import REGION
from tests.payloads import s3_event

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def body(path: str) -> str:
    """The message of an upload."""
    return json.dumps(s3_event(f"originals/{path}"))


def park(sqs: "SQSClient", url: str, path: str, reason: str = "truncated", **more: str) -> str:
    """Sends a dead letter as a worker does; returns its body."""
    attributes = {
        "reason": reason,
        "error": escaped("it breaks off:\nupload it again"),
        "size": "40x30",
        "path": escaped(path),
        "failed_at": "2026-11-21T07:30:00Z",
        "attempts": "3",
    }
    edge.send(sqs, url, body(path), attributes | more)
    return body(path)


def park_many(sqs: "SQSClient", url: str, count: int, reason: str = "truncated") -> list[str]:
    """Sends `count` letters of one reason; returns their bodies, sorted."""
    return [park(sqs, url, f"{reason}/{number:03}.jpg", reason) for number in range(count)]


def _messages(url: str) -> list[Any]:
    account, name = url.split("/")[-2:]
    return sqs_backends[account][REGION].queues[name]._messages


def stored(url: str) -> list[str]:
    """The bodies of all messages of a queue, sorted, those in flight too."""
    return sorted(message.body for message in _messages(url))


def hidden(url: str) -> int:
    """Number of those that are in flight."""
    return sum(not message.visible for message in _messages(url))
