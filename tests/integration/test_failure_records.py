"""Failure records: there while a path's failure is the last word on it, gone afterwards."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from handlers import resize
from tests.integration.conftest import Queues, WorkerDoor
from tests.integration.test_resize import Failing, put, refusal, variant
from tests.payloads import s3_event

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "failures-bucket"


def record(s3: "S3Client", path: str) -> Any:
    return json.loads(s3.get_object(Bucket=BUCKET, Key=f"40x30/{path}")["Body"].read())


def records(s3: "S3Client") -> list[str]:
    listed = s3.list_objects_v2(Bucket=BUCKET)
    return [each["Key"] for each in listed.get("Contents", [])]


def test_parking_leaves_a_record_of_what_happened(s3: "S3Client", deliver: WorkerDoor) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert deliver(put(s3, "2026/ä b.jpg", b"no picture"), attempts=3) == []
    left = record(s3, "2026/ä b.jpg")
    assert left["reason"] == "unsupported"
    assert left["error"].endswith("HEIC, TIFF or BMP")
    assert left["attempts"] == 3
    began, failed = (datetime.fromisoformat(left[name]) for name in ("began_at", "failed_at"))
    assert before <= began <= failed


def test_a_last_attempt_that_failed_for_a_passing_reason_leaves_one_too(
    s3: "S3Client", deliver: WorkerDoor
) -> None:
    message = put(s3, "a.jpg")
    resize._worker().renderer.s3.meta.events.register(
        "before-call.s3", Failing("GetObject", refusal("SlowDown", 503), times=99)
    )
    deliver(message, attempts=9)
    assert records(s3) == []
    deliver(message, attempts=10)
    assert record(s3, "a.jpg")["reason"] == "SlowDown"


def test_a_good_photo_under_the_same_path_clears_it(s3: "S3Client", deliver: WorkerDoor) -> None:
    deliver(put(s3, "a.jpg", b"no picture"))
    deliver(put(s3, "a.jpg"))
    assert records(s3) == []
    assert variant(s3, "a.jpg") is not None


def test_deleting_the_original_clears_it(s3: "S3Client", deliver: WorkerDoor) -> None:
    message = put(s3, "a.jpg", b"no picture")
    deliver(message)
    s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
    deliver(message)
    assert records(s3) == []


def test_each_failed_record_of_a_message_is_recorded(s3: "S3Client", deliver: WorkerDoor) -> None:
    both = json.loads(put(s3, "a.jpg", b"no picture"))
    both["Records"] += json.loads(put(s3, "b.jpg", b""))["Records"]
    deliver(json.dumps(both))
    assert (record(s3, "a.jpg")["reason"], record(s3, "b.jpg")["reason"]) == (
        "unsupported",
        "empty",
    )


@pytest.mark.parametrize(
    "body",
    [
        "null",
        json.dumps(s3_event("originals/../a.jpg")),
        json.dumps(s3_event("other/a.jpg")),
        json.dumps(s3_event("originals/a.jpg", bucket="other-bucket")),
    ],
)
def test_what_names_no_place_of_ours_leaves_a_dead_letter_and_no_record(
    s3: "S3Client", deliver: WorkerDoor, queues: Queues, body: str
) -> None:
    assert deliver(body) == []
    assert len(queues.dead_letters()) == 1
    assert records(s3) == []


@pytest.mark.parametrize("operation", ["PutObject", "DeleteObject"])
def test_a_record_that_cannot_be_written_or_cleared_stops_nothing(
    s3: "S3Client",
    deliver: WorkerDoor,
    queues: Queues,
    caplog: pytest.LogCaptureFixture,
    operation: str,
) -> None:
    message = put(s3, "a.jpg", b"no picture") if operation == "PutObject" else put(s3, "a.jpg")
    resize._worker().renderer.s3.meta.events.register(
        "before-call.s3", Failing(operation, refusal("AccessDenied", 403), times=99)
    )
    assert deliver(message) == []
    assert len(queues.dead_letters()) == (operation == "PutObject")
    assert "not done" in [entry.msg for entry in caplog.records]
