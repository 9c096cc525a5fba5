"""What an SQS message says: which paths of which bucket deserve a look.

A message holds an S3 event, raw or in an SNS envelope. What the event says beyond the path is
not believed: S3 delivers at least once and in no order.
"""

import json
from typing import NamedTuple
from urllib.parse import quote_plus, unquote_plus

from lib import keys
from lib.errors import PermanentError, Reason

# Kinds after which the variants may be out of date. "ObjectRestore:Completed" is an archived
# original that can be read again. Others (tagging, ACL, replication) change no pixels.
_KINDS = ("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:", "ObjectRestore:Completed")


class ObjectEvent(NamedTuple):
    """One record: the decoded key of an object that may have changed."""

    bucket: str
    key: str
    size: int | None

    @property
    def is_folder_marker(self) -> bool:
        """What consoles create for an empty folder: a key ending in a slash, without bytes."""
        return self.key.endswith("/") and not self.size


def parse_message(body: str) -> list[ObjectEvent]:
    """The records of an SQS message's body that are worth a look; none for S3's test event.

    Raises PermanentError (`malformed_event`, or `bad_key` for a key that is not UTF-8) if the body
    or one of the records cannot be read.
    """
    events = []
    for record in parse_records(body):
        if isinstance(record, PermanentError):
            raise record
        events.append(record)
    return events


def parse_records(body: str) -> list[ObjectEvent | PermanentError]:
    """As `read_message`, with an error in the place of each record that cannot be read.

    Raises PermanentError (`malformed_event`) if the body has no records.
    """
    event = _unwrapped(_json_object(body))
    if event.get("Event") == "s3:TestEvent":
        return []
    records = event.get("Records")
    if not isinstance(records, list):
        raise _malformed("it has no list of Records")
    return [read for record in records if (read := _event_or_error(record)) is not None]


def build_event(bucket: str, key: str) -> str:
    """The body of a message that asks for a look at one object, whatever has become of it."""
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}},
    }
    return json.dumps({"Records": [record]})


def _json_object(text: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _malformed(f"it is a JSON {type(document).__name__}, not an object")
    return document


def _unwrapped(event: dict[str, object]) -> dict[str, object]:
    if "Type" not in event:
        return event
    if event["Type"] != "Notification" or not isinstance(event.get("Message"), str):
        raise _malformed(f"it is an SNS message of type {event['Type']!r}, not a Notification")
    return _json_object(str(event["Message"]))


def _event_or_error(record: object) -> ObjectEvent | PermanentError | None:
    try:
        return _read_record(record)
    except PermanentError as error:
        return error


def _read_record(record: object) -> ObjectEvent | None:
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        raise _malformed("a record is not from S3")
    name = str(record.get("eventName", "")).removeprefix("s3:")
    if not name.startswith(_KINDS):
        return None
    try:
        bucket, described = record["s3"]["bucket"]["name"], record["s3"]["object"]
        key, size = described["key"], described.get("size")
    except (KeyError, TypeError, AttributeError) as error:
        raise _malformed("a record names no bucket and key") from error
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise _malformed("a record's bucket or key is not text")
    if not keys.is_utf8(bucket):
        raise _malformed("a record's bucket is not UTF-8")
    return ObjectEvent(bucket, _decoded(key), size if isinstance(size, int) else None)


def _decoded(key: str) -> str:
    try:
        decoded = unquote_plus(key, errors="strict")
        decoded.encode()
    except UnicodeError as error:
        raise PermanentError(
            Reason.BAD_KEY, f"the key {key!r} is not UTF-8: upload under another name"
        ) from error
    return decoded


def _malformed(why: str) -> PermanentError:
    return PermanentError(
        Reason.MALFORMED_EVENT,
        f"the message is not an S3 event: {why}; send what S3 sends, or purge it",
    )
