"""Puts dead letters into queues inside moto, and reads those."""

import json
from typing import Any

from moto.sqs.models import sqs_backends

from lib.keys import escaped
from tests.integration.conftest import REGION
from tests.payloads import s3_event


def body(path: str) -> str:
    """The message of an upload."""
    return json.dumps(s3_event(f"originals/{path}"))


def park(url: str, path: str, reason: str = "truncated", **more: str) -> str:
    """Puts a dead letter in a queue of moto, as a worker sends it; returns its body."""
    attributes = {
        "reason": reason,
        "error": escaped("it breaks off:\nupload it again"),
        "size": "40x30",
        "path": escaped(path),
        "failed_at": "2026-11-21T07:30:00Z",
        "attempts": "3",
    }
    message_attributes = {
        key: {"DataType": "String", "StringValue": value}
        for key, value in (attributes | more).items()
    }
    account, name = url.split("/")[-2:]
    sqs_backends[account][REGION].send_message(name, body(path), message_attributes)
    return body(path)


def park_many(url: str, count: int, reason: str = "truncated") -> list[str]:
    """Puts `count` letters of one reason in a queue; returns their bodies, sorted."""
    return [park(url, f"{reason}/{number:03}.jpg", reason) for number in range(count)]


def messages(url: str) -> list[Any]:
    """Moto's messages of a queue."""
    account, name = url.split("/")[-2:]
    return sqs_backends[account][REGION].queues[name]._messages


def stored(url: str) -> list[str]:
    """The bodies of all messages of a queue, sorted, those in flight too."""
    return sorted(message.body for message in messages(url))


def hidden(url: str) -> int:
    """Number of those that are in flight."""
    return sum(not message.visible for message in messages(url))


def take(url: str) -> list[Any]:
    """Moto's messages of a queue, which it has no longer."""
    taken = list(messages(url))
    messages(url).clear()
    return taken
