"""Failure records: there while a path's failure is the last word on it, gone afterwards."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from handlers import resize
from lib.dead_letters import scan
from lib.dead_letters.letter import EVERYTHING, DlqKind, Filter
from lib.dead_letters.queue import DeadLetterQueue
from lib.dead_letters.records import RecordCleaner
from lib.pipeline.events import build_event
from lib.pipeline.failure_records import FailureRecord, FailureRecords
from tests.integration.conftest import Queues, WorkerCall
from tests.integration.parked import park
from tests.integration.pipeline.test_resize import Failing, put, refusal, variant
from tests.payloads import ORIGINALS, s3_event
from tests.times import is_timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "failures-bucket"
NOW = datetime.now(UTC).isoformat()


def record(s3: "S3Client", path: str) -> Any:
    return json.loads(s3.get_object(Bucket=BUCKET, Key=f"40x30/{path}")["Body"].read())


def records(s3: "S3Client") -> list[str]:
    listed = s3.list_objects_v2(Bucket=BUCKET)
    return [each["Key"] for each in listed.get("Contents", [])]


def test_parking_leaves_a_record_of_what_happened(s3: "S3Client", deliver: WorkerCall) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert deliver(put(s3, "2026/ä b.jpg", b"no picture"), attempts=3) == []
    left = record(s3, "2026/ä b.jpg")
    assert left["reason"] == "unsupported"
    assert left["error"].endswith("HEIC, TIFF or BMP")
    assert left["attempts"] == 3
    assert is_timestamp(left["began_at"])
    assert is_timestamp(left["failed_at"])
    began, failed = (datetime.fromisoformat(left[name]) for name in ("began_at", "failed_at"))
    assert before <= began <= failed
    stored = s3.head_object(Bucket=BUCKET, Key="40x30/2026/ä b.jpg")
    assert stored["ContentType"] == "application/json", "a browser shows it instead of saving it"


def test_a_last_attempt_that_failed_for_a_passing_reason_leaves_one_too(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    message = put(s3, "a.jpg")
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", Failing("GetObject", refusal("SlowDown", 503), times=99)
    )
    deliver(message, attempts=9)
    assert records(s3) == []
    deliver(message, attempts=10)
    assert record(s3, "a.jpg")["reason"] == "SlowDown"


@pytest.mark.parametrize(
    ("attempts", "attributes"),
    [(2, {}), (1, {"replayed": "true"}), (1, {"reason": "SlowDown"}), (1, {"untried_since": NOW})],
)
def test_a_success_after_a_failure_clears_it(
    s3: "S3Client", deliver: WorkerCall, attempts: int, attributes: dict[str, str]
) -> None:
    deliver(put(s3, "a.jpg", b"no picture"))
    deliver(put(s3, "a.jpg"), attempts=attempts, attributes=attributes)
    assert records(s3) == []
    assert variant(s3, "a.jpg") is not None


def test_a_rendering_that_a_command_asked_for_clears_it(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    deliver(put(s3, "a.jpg", b"no picture"))
    put(s3, "a.jpg")
    deliver(build_event("originals-bucket", "originals/a.jpg"))
    assert records(s3) == []


def test_a_new_photo_is_rendered_without_a_call_to_clear_it(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    calls: list[str] = []
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", lambda model, **_: calls.append(model.name)
    )
    deliver(put(s3, "a.jpg"))
    assert calls == ["HeadObject", "GetObject", "PutObject", "HeadObject"]


def test_deleting_the_original_clears_it(s3: "S3Client", deliver: WorkerCall) -> None:
    message = put(s3, "a.jpg", b"no picture")
    deliver(message)
    s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
    deliver(message)
    assert records(s3) == []


def test_each_failed_record_of_a_message_is_recorded(s3: "S3Client", deliver: WorkerCall) -> None:
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
    s3: "S3Client", deliver: WorkerCall, queues: Queues, body: str
) -> None:
    assert deliver(body) == []
    assert len(queues.dead_letters()) == 1
    assert records(s3) == []


@pytest.mark.parametrize(
    ("operation", "what"),
    [("PutObject", "failure record"), ("DeleteObject", "clearing of a failure record")],
)
def test_a_record_that_cannot_be_written_or_cleared_stops_nothing(
    s3: "S3Client",
    deliver: WorkerCall,
    queues: Queues,
    caplog: pytest.LogCaptureFixture,
    operation: str,
    what: str,
) -> None:
    message = put(s3, "a.jpg", b"no picture") if operation == "PutObject" else put(s3, "a.jpg")
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", Failing(operation, refusal("AccessDenied", 403), times=99)
    )
    assert deliver(message, attributes={"replayed": "true"}) == []
    assert len(queues.dead_letters()) == (operation == "PutObject")
    (told,) = [entry.__dict__ for entry in caplog.records if entry.msg == "not done"]
    assert (told["what"], told["reason"]) == (what, "AccessDenied")


class TestPurgingDeadLetters:
    """Status and audit say of a letter that it failed; without the letter nothing can be done."""

    def purge(self, s3: "S3Client", queues: Queues, wanted: Filter = EVERYTHING) -> None:
        forget = RecordCleaner(s3, BUCKET, "40x30", DlqKind.DLQ, ORIGINALS).clear
        DeadLetterQueue(queues.sqs, queues.dlq_url, ORIGINALS).purge(wanted, on_deleted=forget)

    @pytest.fixture(autouse=True)
    def _empty_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scan, "EMPTY_AFTER", 0)

    def test_takes_their_records_away_and_no_others(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        for number in range(12):
            deliver(put(s3, f"meant/ä {number}.jpg", b"no picture"))
        deliver(put(s3, "other.jpg", b"no picture"))
        self.purge(s3, queues, Filter(prefix="meant/"))
        assert records(s3) == ["40x30/other.jpg"]

    def test_takes_all_records_of_a_message_away(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        events = [json.loads(put(s3, path, b"no picture")) for path in ("a.jpg", "b.jpg")]
        deliver(json.dumps({"Records": [event["Records"][0] for event in events]}))
        assert len(records(s3)) == 2
        self.purge(s3, queues)
        assert records(s3) == []

    def test_leaves_the_record_of_a_later_failure(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        deliver(put(s3, "a.jpg", b"no picture"))
        later = FailureRecord.model_validate(
            record(s3, "a.jpg") | {"failed_at": datetime.now(UTC) + timedelta(hours=1)}
        )
        FailureRecords(s3, BUCKET, "40x30").put("a.jpg", later)
        self.purge(s3, queues)
        assert records(s3) == ["40x30/a.jpg"]

    def test_leaves_what_is_written_meanwhile(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        deliver(put(s3, "a.jpg", b"no picture"))
        later = FailureRecord.model_validate(record(s3, "a.jpg") | {"reason": "SlowDown"})

        def write_later(**_: Any) -> None:
            FailureRecords(s3, BUCKET, "40x30").put("a.jpg", later)

        s3.meta.events.register_first("before-call.s3.DeleteObject", write_later)
        self.purge(s3, queues)
        assert record(s3, "a.jpg")["reason"] == "SlowDown"

    @pytest.mark.parametrize(("seconds", "left"), [(60, []), (61, ["40x30/a.jpg"])])
    def test_takes_what_was_written_within_a_minute_of_the_letter(
        self, s3: "S3Client", queues: Queues, seconds: int, left: list[str]
    ) -> None:
        parked = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
        failed = FailureRecord(
            reason="truncated",
            error="",
            attempts=1,
            began_at=parked,
            failed_at=parked + timedelta(seconds=seconds),
        )
        FailureRecords(s3, BUCKET, "40x30").put("a.jpg", failed)
        park(queues.dlq_url, "a.jpg", failed_at=parked.isoformat())
        self.purge(s3, queues)
        assert records(s3) == left

    def test_takes_the_record_of_a_letter_that_sqs_has_moved_away(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg", b"no picture")
        deliver(message)
        queues.dead_letters()
        queues.sqs.purge_queue(QueueUrl=queues.dlq_url)
        queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody=message)
        self.purge(s3, queues)
        assert records(s3) == []

    @pytest.mark.parametrize("path", ["../a.jpg", "a//b.jpg", "x" * 1100, ""])
    def test_stumbles_over_no_path(self, s3: "S3Client", queues: Queues, path: str) -> None:
        park(queues.dlq_url, path, "bad_key", failed_at="9999-12-31T23:59:59+00:00")
        queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody="no JSON")
        self.purge(s3, queues)
        assert queues.dead_letters() == []
