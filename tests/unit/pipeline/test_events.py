"""Messages: what is read out of them, and what is refused."""

import json
from typing import Any

import pytest

from lib.errors import PermanentError, Reason
from lib.pipeline.events import ObjectEvent, build_event, parse_records
from tests.payloads import payload, s3_event


def parse_message(body: str) -> list[ObjectEvent]:
    """Raises the error of the first invalid record."""
    events = []
    for record in parse_records(body):
        if isinstance(record, PermanentError):
            raise record
        events.append(record)
    return events


def read(document: Any) -> list[ObjectEvent]:
    return parse_message(json.dumps(document))


def test_a_raw_s3_event_is_read_and_its_key_decoded_once() -> None:
    assert read(payload("s3_put")) == [
        ObjectEvent(
            "originals-bucket",
            "originals/2026/summer at the séa.jpg",
            1305107,
            is_from_s3=True,
            is_upload=True,
        )
    ]


def test_an_event_in_an_sns_envelope_is_read() -> None:
    assert read(payload("sns_notification")) == [
        ObjectEvent("originals-bucket", "originals/gone.jpg", None, True)
    ]


def test_expirations_count_as_removals() -> None:
    assert read(payload("lifecycle_expiration"))[0].key == "originals/old.jpg"


def test_s3s_test_event_asks_for_nothing() -> None:
    assert read(payload("s3_test_event")) == []


@pytest.mark.parametrize(
    "key",
    [
        "originals/a b.jpg",
        "originals/a+b.jpg",
        "originals/a%2Fb.jpg",
        "originals/😀/\u202ertl.jpg",
        "originals/line\nbreak.jpg",
        "originals/" + "x" * 1000,
    ],
)
def test_odd_keys_survive(key: str) -> None:
    assert read(s3_event(key))[0].key == key
    assert read(s3_event(key))[0].is_upload
    body = build_event("originals-bucket", key)
    assert parse_message(body) == [ObjectEvent("originals-bucket", key, None, False)]
    assert body.isascii()


@pytest.mark.parametrize("name", ["ObjectTagging:Put", "ObjectAcl:Put", "Replication:Failed"])
def test_other_kinds_are_ignored(name: str) -> None:
    assert read(s3_event("originals/a.jpg", eventName=name)) == []


def test_a_newer_minor_version_is_accepted() -> None:
    assert len(read(s3_event("originals/a.jpg", eventVersion="2.9"))) == 1


@pytest.mark.parametrize("body", ["", "no JSON", "null", "[]", "7", '"text"', "[" * 100_000])
def test_bodies_that_are_no_event_are_permanent(body: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_message(body)
    assert caught.value.reason == Reason.MALFORMED_EVENT


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Records": None},
        {"Records": ["text"]},
        {"Records": [{"eventSource": "aws:sqs"}]},
        {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]},
        {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": []}]},
        s3_event("originals/a.jpg", s3={"bucket": {"name": "b"}, "object": {"key": 7}}),
        {"Type": "Notification", "Message": "no JSON"},
        {"Type": "Notification", "Message": None},
        payload("sns_subscription_confirmation"),
    ],
)
def test_foreign_json_is_permanent(document: Any) -> None:
    with pytest.raises(PermanentError) as caught:
        read(document)
    assert caught.value.reason == Reason.MALFORMED_EVENT


def test_a_key_that_is_not_utf8_is_permanent() -> None:
    event = s3_event("originals/a.jpg")
    event["Records"][0]["s3"]["object"]["key"] = "originals/%FF.jpg"
    with pytest.raises(PermanentError) as caught:
        read(event)
    assert caught.value.reason == Reason.BAD_KEY


@pytest.mark.parametrize(
    ("key", "size", "marker"),
    [
        ("originals/", 0, True),
        ("originals/folder/", 0, True),
        ("originals/folder/", None, True),
        ("originals/folder/", 5, False),
        ("originals/a.jpg", 0, False),
    ],
)
def test_folder_markers_are_told_from_empty_files(key: str, size: int | None, marker: bool) -> None:
    assert ObjectEvent("bucket", key, size, False).is_folder_marker is marker
