"""Parses and builds S3 events, raw or in an SNS envelope.

Workers use only an event's bucket and key: S3 delivers at least once and in no order.
"""

import json
from typing import NamedTuple
from urllib.parse import quote_plus, unquote_plus

from lib import keys
from lib.errors import PermanentError, Reason

# Event types after which variants may be stale. "ObjectRestore:Completed": an archived original is
# readable again. Others (tagging, ACL, replication) change no pixels.
_CREATED = "ObjectCreated:"
_TYPES = (_CREATED, "ObjectRemoved:", "LifecycleExpiration:", "ObjectRestore:Completed")


class ObjectEvent(NamedTuple):
    """One record of an S3 event; `key` is decoded.

    `is_from_s3` is False for an event that `build_event` built, which has no time. `is_upload`:
    S3 sent it for a new object.
    """

    bucket: str
    key: str
    size: int | None
    is_from_s3: bool
    is_upload: bool = False

    @property
    def is_folder_marker(self) -> bool:
        """Whether the object is an empty folder of a console: no bytes, and a key ending in `/`."""
        return self.key.endswith("/") and not self.size


def parse_records(body: str) -> list[ObjectEvent | PermanentError]:
    """Returns the relevant records of an SQS message's body; none for S3's test event.

    An invalid record is a PermanentError (`malformed_event`, or `bad_key` for a key that is not
    UTF-8). Raises PermanentError (`malformed_event`) if the body has no records.
    """
    document = _unwrap(_parse_object(body))
    if document.get("Event") == "s3:TestEvent":
        return []
    records = document.get("Records")
    if not isinstance(records, list):
        raise _malformed("it has no list of Records")
    return [event for record in records if (event := _parse_or_error(record)) is not None]


def build_event(bucket: str, key: str) -> str:
    """Builds the body of a message about one object, which need not exist."""
    record = {
        "eventSource": "aws:s3",
        "eventName": f"{_CREATED}Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}},
    }
    return json.dumps({"Records": [record]})


def _parse_object(text: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _malformed(f"it is a JSON {type(document).__name__}, not an object")
    return document


def _unwrap(event: dict[str, object]) -> dict[str, object]:
    if "Type" not in event:
        return event
    if event["Type"] != "Notification" or not isinstance(event.get("Message"), str):
        raise _malformed(f"it is an SNS message of type {event['Type']!r}, not a Notification")
    return _parse_object(str(event["Message"]))


def _parse_or_error(record: object) -> ObjectEvent | PermanentError | None:
    try:
        return _parse_record(record)
    except PermanentError as error:
        return error


def _parse_record(record: object) -> ObjectEvent | None:
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        raise _malformed("a record is not from S3")
    name = str(record.get("eventName", "")).removeprefix("s3:")
    if not name.startswith(_TYPES):
        return None
    try:
        bucket, s3_object = record["s3"]["bucket"]["name"], record["s3"]["object"]
        key, size = s3_object["key"], s3_object.get("size")
    except (KeyError, TypeError, AttributeError) as error:
        raise _malformed("a record names no bucket and key") from error
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise _malformed("a record's bucket or key is not text")
    if not keys.is_utf8(bucket):
        raise _malformed("a record's bucket is not UTF-8")
    is_from_s3 = "eventTime" in record
    return ObjectEvent(
        bucket,
        _decode(key),
        size if isinstance(size, int) else None,
        is_from_s3,
        is_upload=is_from_s3 and name.startswith(_CREATED),
    )


def _decode(key: str) -> str:
    try:
        decoded = unquote_plus(key, errors="strict")
        decoded.encode()
    except UnicodeError as error:
        raise PermanentError(
            Reason.BAD_KEY, f"the key {key!r} is not UTF-8: upload under another name"
        ) from error
    return decoded


def _malformed(problem: str) -> PermanentError:
    return PermanentError(
        Reason.MALFORMED_EVENT,
        f"the message is not an S3 event: {problem}; send what S3 sends, or purge it",
    )
