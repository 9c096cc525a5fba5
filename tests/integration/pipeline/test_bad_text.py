"""Text that cannot be encoded, such as half of a surrogate pair, ends its own message alone."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from lib.errors import TransientError
from tests.integration.conftest import Queues, WorkerCall
from tests.integration.fetch_stage import Fetching, fetching, web
from tests.integration.pipeline.test_resize import put, variant
from tests.payloads import s3_event

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fetching", "web"]

HIGH, LOW = "\ud83d", "\ude00"


def event(key: str, **more: Any) -> str:
    """The message of a key as it stands in the event, not encoded."""
    document = s3_event("originals/a.jpg", **more)
    document["Records"][0]["s3"]["object"]["key"] = key
    return json.dumps(document)


def in_envelope(message: str) -> str:
    return json.dumps({"Type": "Notification", "Message": message})


BAD = {
    "key": (event(f"originals/a{HIGH}.jpg"), "bad_key"),
    "turned pair": (event(f"originals/{LOW}{HIGH}.jpg"), "bad_key"),
    "elsewhere": (event(f"elsewhere/{LOW}"), "bad_key"),
    "marker": (event(f"originals/{HIGH}/", size=0), "bad_key"),
    "encoded": (event("originals/%ED%A0%BD.jpg"), "bad_key"),
    "half encoded": (event(f"originals/%F0%9F{LOW}"), "bad_key"),
    "in an envelope": (in_envelope(event(f"originals/{HIGH}")), "bad_key"),
    "bucket": (event("originals/a.jpg", bucket=f"originals-bucket{HIGH}"), "malformed_event"),
    "type": (json.dumps({"Type": HIGH, "Message": ""}), "malformed_event"),
    "envelope": (in_envelope(HIGH), "malformed_event"),
    "body": (HIGH, "malformed_event"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_message_with_half_a_character_becomes_a_dead_letter_and_its_neighbours_are_rendered(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, name: str
) -> None:
    message, reason = BAD[name]
    assert deliver(put(s3, "first.jpg"), message, put(s3, "last.jpg")) == []
    assert variant(s3, "first.jpg") is not None
    assert variant(s3, "last.jpg") is not None
    (letter,) = queues.dead_letters()
    assert letter["reason"] == reason
    assert letter["error"].isascii()
    assert letter["body"] == message or name == "body"


def test_a_whole_pair_is_a_character(s3: "S3Client", deliver: WorkerCall) -> None:
    put(s3, "😀.jpg")
    message = event("originals/😀.jpg")
    assert "\\ud83d\\ude00" in message
    assert deliver(message) == []
    assert variant(s3, "😀.jpg") is not None


def test_a_record_that_cannot_be_read_leaves_the_others_of_its_message_rendered(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    put(s3, "a.jpg")
    put(s3, "b.jpg")
    records = [
        json.loads(event(key))["Records"][0]
        for key in ("originals/a.jpg", f"originals/{HIGH}", "originals/b.jpg")
    ]
    assert deliver(json.dumps({"Records": records})) == []
    assert variant(s3, "a.jpg") is not None
    assert variant(s3, "b.jpg") is not None
    assert [letter["reason"] for letter in queues.dead_letters()] == ["bad_key"]


def test_an_errors_text_can_always_be_encoded() -> None:
    error = TransientError("reason", f"somebody wrote {HIGH}")
    assert str(error) == "somebody wrote \\ud83d"


def test_our_own_bug_outside_of_the_protocol_costs_no_neighbour(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lib.pipeline.source_queue.send_to_dlq", fail)
    assert deliver("null", put(s3, "a.jpg")) == ["message-0"]
    assert variant(s3, "a.jpg") is not None


@pytest.mark.parametrize("path", [HIGH, f"a/{LOW}.jpg"])
def test_a_fetch_job_with_half_a_character_becomes_a_dead_letter(
    fetching: Fetching, path: str
) -> None:
    order = fetching.submit()
    message = order.model_dump() | {"path": path, "ordered_at": order.ordered_at.isoformat()}
    assert not fetching.deliver(json.dumps(message))
    (letter,) = fetching.queues.dead_letters()
    assert letter["reason"] == "malformed_event"
