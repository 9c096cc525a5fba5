"""The worker's function on moto: each message ends as a variant, a no-op or a dead letter."""

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from handlers import resize
from lib import images
from lib.errors import ConfigError
from lib.pipeline.failure_records import FailureRecords
from tests.integration.conftest import SIZE, Context, Queues, WorkerCall
from tests.payloads import payload, s3_event, sqs_batch
from tests.pictures import decoded, encoded, quarters
from tests.times import is_timestamp
from tests.unit.images.made import heic

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PHOTO = encoded(quarters())


def put(s3: "S3Client", path: str, data: bytes = PHOTO) -> str:
    """Upload an original; the message its event makes."""
    s3.put_object(Bucket="originals-bucket", Key=f"originals/{path}", Body=data)
    return json.dumps(s3_event(f"originals/{path}"))


def variant(s3: "S3Client", path: str) -> Any:
    try:
        return s3.get_object(Bucket="images-bucket", Key=f"40x30/{path}")
    except s3.exceptions.NoSuchKey:
        return None


def logged(capsys: pytest.CaptureFixture[str], message: str) -> list[dict[str, Any]]:
    """The log lines with this message, as operators read and query them."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line.get("message") == message]


def test_an_upload_becomes_a_variant(s3: "S3Client", deliver: WorkerCall) -> None:
    assert deliver(put(s3, "2026/a b+c.jpg")) == []
    found = variant(s3, "2026/a b+c.jpg")
    assert decoded(found["Body"].read()).size == (40, 30)
    assert found["ContentType"] == "image/jpeg"
    assert found["CacheControl"] == "public, max-age=60"


@pytest.mark.parametrize("path", ["a/${filename}", "${filename}.jpg", "${", "line\nbreak.jpg"])
def test_an_original_that_no_ticket_would_be_given_for_is_rendered(
    s3: "S3Client", deliver: WorkerCall, path: str
) -> None:
    assert deliver(put(s3, path)) == []
    assert decoded(variant(s3, path)["Body"].read()).size == (40, 30)


def test_a_variant_tells_what_it_was_made_from(s3: "S3Client", deliver: WorkerCall) -> None:
    deliver(put(s3, "a.jpg"))
    original = s3.head_object(Bucket="originals-bucket", Key="originals/a.jpg")
    metadata = variant(s3, "a.jpg")["Metadata"]
    assert metadata["original-etag"] == original["ETag"].strip('"')
    assert metadata["original-pixels"] == "320x240"
    assert metadata["pixels"] == "40x30"
    assert len(metadata["recipe"]) == 12


def test_the_bytes_decide_the_type_whatever_the_name_says(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    deliver(put(s3, "really-png.jpg", encoded(quarters(), "PNG")))
    assert variant(s3, "really-png.jpg")["ContentType"] == "image/png"


def test_a_second_delivery_changes_nothing(
    s3: "S3Client", deliver: WorkerCall, caplog: pytest.LogCaptureFixture
) -> None:
    message = put(s3, "a.jpg")
    deliver(message)
    before = variant(s3, "a.jpg")["LastModified"]
    calls: list[str] = []
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", lambda model, **_: calls.append(model.name)
    )
    assert deliver(message) == []
    assert calls == ["HeadObject", "GetObject"]
    assert variant(s3, "a.jpg")["LastModified"] == before
    assert [record.msg for record in caplog.records] == ["rendered", "current"]


def test_an_overwritten_original_is_rendered_anew(s3: "S3Client", deliver: WorkerCall) -> None:
    deliver(put(s3, "a.jpg"))
    deliver(put(s3, "a.jpg", encoded(quarters(100, 100))))
    assert variant(s3, "a.jpg")["Metadata"]["original-pixels"] == "100x100"


def test_a_late_event_of_an_older_upload_renders_what_is_there_now(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    old = put(s3, "a.jpg")
    put(s3, "a.jpg", encoded(quarters(100, 100)))
    deliver(old)
    assert variant(s3, "a.jpg")["Metadata"]["original-pixels"] == "100x100"


def test_a_deleted_original_takes_its_variant_along(
    s3: "S3Client", deliver: WorkerCall, caplog: pytest.LogCaptureFixture
) -> None:
    created = put(s3, "a.jpg")
    deliver(created)
    s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
    removed = json.dumps(s3_event("originals/a.jpg", eventName="ObjectRemoved:Delete"))
    assert deliver(removed) == []
    assert variant(s3, "a.jpg") is None
    assert deliver(removed, created) == []
    assert variant(s3, "a.jpg") is None
    assert [record.msg for record in caplog.records] == ["rendered", "removed", "absent", "absent"]


def test_a_late_delete_event_after_a_new_upload_removes_nothing(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    deliver(put(s3, "a.jpg"))
    deliver(json.dumps(s3_event("originals/a.jpg", eventName="ObjectRemoved:Delete")))
    assert variant(s3, "a.jpg") is not None


class TestASizeWithSeveralFormats:
    """Each format is an object of its own, beside the size's folder."""

    @pytest.fixture(autouse=True)
    def two_formats(self, deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> None:
        size = SIZE.model_copy(update={"formats": ("webp",)})
        monkeypatch.setenv("SIZE", size.model_dump_json())

    def stored(self, s3: "S3Client") -> dict[str, str]:
        return {
            entry["Key"]: s3.head_object(Bucket="images-bucket", Key=entry["Key"])["ContentType"]
            for entry in s3.list_objects_v2(Bucket="images-bucket").get("Contents", [])
        }

    def test_stores_each_in_its_folder(self, s3: "S3Client", deliver: WorkerCall) -> None:
        assert deliver(put(s3, "a.jpg")) == []
        assert self.stored(s3) == {"40x30/a.jpg": "image/jpeg", "40x30.webp/a.jpg": "image/webp"}

    @pytest.mark.parametrize("lost", ["40x30/a.jpg", "40x30.webp/a.jpg"])
    def test_brings_back_the_one_that_is_missing_and_leaves_the_other(
        self, s3: "S3Client", deliver: WorkerCall, lost: str
    ) -> None:
        message = put(s3, "a.jpg")
        deliver(message)
        s3.delete_object(Bucket="images-bucket", Key=lost)
        written: list[str] = []
        resize._worker().reconciler.s3.meta.events.register(
            "provide-client-params.s3.PutObject", lambda params, **_: written.append(params["Key"])
        )
        deliver(message)
        assert written == [lost]
        assert len(self.stored(s3)) == 2

    def test_removes_all_with_the_original(self, s3: "S3Client", deliver: WorkerCall) -> None:
        message = put(s3, "a.jpg")
        deliver(message)
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        deliver(message)
        assert self.stored(s3) == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (PHOTO[: len(PHOTO) // 2], "truncated"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported"),
        (b"\xff" * 1_000_001, "too_many_bytes"),
    ],
)
def test_what_can_never_be_rendered_is_parked_at_once_with_its_reason(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, data: bytes, reason: str
) -> None:
    message = put(s3, "ü/bad one.jpg", data)
    assert deliver(message) == []
    (letter,) = queues.dead_letters()
    assert letter["body"] == message
    assert letter["reason"] == reason
    assert unquote(letter["path"]) == "ü/bad one.jpg"
    assert letter["path"].isascii()
    assert letter["size"] == "40x30"
    assert letter["attempts"] == "1"
    assert is_timestamp(letter["failed_at"])
    assert unquote(letter["error"])


def test_an_unrenderable_overwrite_leaves_nothing_of_the_older_photo(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    deliver(put(s3, "a.jpg"))
    message = put(s3, "a.jpg", b"not a picture")
    calls: list[str] = []
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", lambda model, **_: calls.append(model.name)
    )
    deliver(message)
    assert variant(s3, "a.jpg") is None
    assert calls.count("GetObject") == 1
    assert len(queues.dead_letters()) == 1


def test_a_variant_stays_though_its_original_can_be_rendered_no_more(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deploy has changed the size, and lowered what the stage takes."""
    message = put(s3, "a.jpg")
    deliver(message)
    monkeypatch.setenv("SIZE", SIZE.model_copy(update={"fit": "fill"}).model_dump_json())
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "10")
    resize._worker.cache_clear()
    assert deliver(message) == []
    assert [letter["reason"] for letter in queues.dead_letters()] == ["too_many_bytes"]
    assert variant(s3, "a.jpg") is not None


def test_an_archived_original_is_parked_and_rendered_once_restored(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    s3.put_object(
        Bucket="originals-bucket", Key="originals/a.jpg", Body=PHOTO, StorageClass="GLACIER"
    )
    message = json.dumps(s3_event("originals/a.jpg", eventName="ObjectCreated:Put"))
    assert deliver(message) == []
    (letter,) = queues.dead_letters()
    assert letter["reason"] == "archived"


def test_a_variant_survives_the_archiving_of_its_original(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    message = put(s3, "a.jpg")
    deliver(message)
    s3.put_object(
        Bucket="originals-bucket", Key="originals/a.jpg", Body=PHOTO, StorageClass="GLACIER"
    )
    assert deliver(message) == []
    assert variant(s3, "a.jpg") is not None
    assert queues.dead_letters() == []


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("images-bucket", "40x30/a.jpg"),
        ("other-bucket", "originals/a.jpg"),
        ("originals-bucket", "elsewhere/a.jpg"),
    ],
)
def test_events_of_other_buckets_and_folders_are_refused(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, bucket: str, key: str
) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=PHOTO)
    assert deliver(json.dumps(s3_event(key, bucket=bucket))) == []
    (letter,) = queues.dead_letters()
    assert letter["reason"] == "foreign_object"
    assert variant(s3, "a.jpg") is None or bucket == "images-bucket"


def test_a_heic_is_a_dead_letter_where_its_decoder_was_left_out(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = put(s3, "phone.heic", heic(quarters()))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert deliver(message) == []
    (letter,) = queues.dead_letters()
    assert letter["reason"] == "unsupported"
    assert unquote(letter["error"]).startswith("the file is HEIC, and there is no decoder")


@pytest.mark.parametrize("path", ["../b.jpg", "a//b.jpg", "/b.jpg", "./b.jpg", "x" * 1019])
def test_paths_that_could_leave_their_folder_are_parked(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, path: str
) -> None:
    assert deliver(json.dumps(s3_event(f"originals/{path}"))) == []
    assert [letter["reason"] for letter in queues.dead_letters()] == ["bad_key"]
    assert s3.list_objects_v2(Bucket="images-bucket")["KeyCount"] == 0


def test_a_path_too_long_for_its_variant_is_parked_though_there_is_no_time(
    deliver: WorkerCall, queues: Queues
) -> None:
    event = json.dumps(s3_event(f"originals/{'x' * 1019}"))
    assert deliver(event, seconds=4) == []
    assert [letter["reason"] for letter in queues.dead_letters()] == ["bad_key"]


def test_folder_markers_and_test_events_are_no_ops(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    markers = [json.dumps(s3_event(key, size=0)) for key in ("originals/", "originals/a/")]
    assert deliver(*markers, json.dumps(payload("s3_test_event"))) == []
    assert queues.dead_letters() == []


def test_a_malformed_message_does_not_touch_its_neighbours(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    assert deliver("null", put(s3, "a.jpg"), "[") == []
    assert variant(s3, "a.jpg") is not None
    letters = queues.dead_letters()
    assert [letter["reason"] for letter in letters] == ["malformed_event"] * 2
    assert not any("path" in letter for letter in letters)


def test_one_bad_record_leaves_the_others_of_its_message_rendered(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    bad = json.loads(put(s3, "bad.jpg", b"no picture"))
    good = json.loads(put(s3, "good.jpg"))
    message = json.dumps({"Records": bad["Records"] + good["Records"]})
    assert deliver(message) == []
    assert variant(s3, "good.jpg") is not None
    assert len(queues.dead_letters()) == 1


def test_one_malformed_record_leaves_the_others_of_its_message_rendered(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    good = json.loads(put(s3, "good.jpg"))
    message = json.dumps({"Records": [{"eventSource": "aws:sns"}, *good["Records"]]})
    assert deliver(message) == []
    assert variant(s3, "good.jpg") is not None
    (letter,) = queues.dead_letters()
    assert letter["reason"] == "malformed_event"
    assert "path" not in letter


class Failing:
    """Makes one S3 or SQS operation fail in a worker's clients, as often as is said."""

    def __init__(self, operation: str, error: Exception, times: int = 1) -> None:
        self.operation, self.error, self.times = operation, error, times

    def __call__(self, model: Any, **_: Any) -> None:
        if model.name == self.operation and self.times:
            self.times -= 1
            raise self.error


def refusal(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Operation",
    )


TIMEOUT = ReadTimeoutError(endpoint_url="https://s3")


@pytest.mark.parametrize(
    "failure",
    [
        ("GetObject", refusal("SlowDown", 503), "SlowDown"),
        ("HeadObject", refusal("AccessDenied", 403), "AccessDenied"),
        ("PutObject", refusal("KMS.DisabledException", 400), "KMS.DisabledException"),
        ("PutObject", TIMEOUT, "ReadTimeoutError"),
    ],
)
def test_transient_failures_send_that_message_alone_back_with_a_delay(
    s3: "S3Client",
    deliver: WorkerCall,
    queues: Queues,
    caplog: pytest.LogCaptureFixture,
    failure: tuple[str, Exception, str],
) -> None:
    operation, error, reason = failure
    first, second = put(s3, "first.jpg"), put(s3, "second.jpg")
    resize._worker().reconciler.s3.meta.events.register("before-call.s3", Failing(operation, error))
    changed = []
    resize._worker().queue.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: changed.append(params),
    )
    assert deliver(first, second, attempts=3) == ["message-0"]
    assert variant(s3, "first.jpg") is None
    assert variant(s3, "second.jpg") is not None
    assert queues.dead_letters() == []
    assert reason in [getattr(record, "reason", None) for record in caplog.records]
    (change,) = changed
    assert (change["QueueUrl"], change["ReceiptHandle"]) == (queues.url, "receipt-0")
    least, most = (60, 60) if error is TIMEOUT else (10, 20)
    assert least <= change["VisibilityTimeout"] <= most
    assert deliver(first) == []
    assert variant(s3, "first.jpg") is not None


def test_a_writer_starts_over_after_a_conflict(s3: "S3Client", deliver: WorkerCall) -> None:
    message = put(s3, "a.jpg")
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", Failing("PutObject", refusal("PreconditionFailed", 412), times=2)
    )
    assert deliver(message) == []
    assert variant(s3, "a.jpg") is not None


def test_a_writer_with_constant_conflicts_returns_the_message(
    s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
) -> None:
    message = put(s3, "a.jpg")
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", Failing("PutObject", refusal("PreconditionFailed", 412), times=99)
    )
    assert deliver(message) == ["message-0"]
    (line,) = logged(capsys, "returned")
    assert line["reason"] == "contended"
    assert line["error"] == "beaten 5 times by other writers of 40x30/a.jpg"


def test_an_original_replaced_while_it_was_rendered_is_rendered_again(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    message = put(s3, "a.jpg")
    pending = [encoded(quarters(100, 100))]

    def replace(**_: Any) -> None:
        if pending:
            put(s3, "a.jpg", pending.pop())

    resize._worker().reconciler.s3.meta.events.register("before-call.s3.PutObject", replace)
    assert deliver(message) == []
    assert variant(s3, "a.jpg")["Metadata"]["original-pixels"] == "100x100"


def test_a_dead_letter_that_cannot_be_sent_keeps_the_message_in_its_queue(
    s3: "S3Client", deliver: WorkerCall, queues: Queues, capsys: pytest.CaptureFixture[str]
) -> None:
    message = put(s3, "bad.jpg", b"no picture")
    resize._worker().queue.sqs.meta.events.register(
        "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
    )
    assert deliver(message) == ["message-0"]
    assert queues.dead_letters() == []
    assert [line["reason"] for line in logged(capsys, "returned")] == ["ServiceUnavailable"]
    assert deliver(message) == []
    (line,) = logged(capsys, "parked")
    (letter,) = queues.dead_letters()
    assert (line["level"], line["message_id"]) == ("ERROR", "message-0")
    assert line["path"] == letter["path"] == "bad.jpg"
    assert line["reason"] == letter["reason"] == "unsupported"
    assert line["error"] == unquote(letter["error"])


@pytest.mark.parametrize(
    ("error", "reason", "said"),
    [
        (
            MemoryError(),
            "out_of_memory",
            "has: give the size more memory in sizes.yml, or replay when less runs beside it",
        ),
        (ZeroDivisionError(), "crashed", "ZeroDivisionError()"),
    ],
)
def test_no_memory_and_our_own_bugs_cost_no_neighbour_and_no_message(
    s3: "S3Client",
    deliver: WorkerCall,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    reason: str,
    said: str,
) -> None:
    first, second = put(s3, "first.jpg"), put(s3, "second.jpg")
    render_all = images.render_all
    errors = [error]

    def failing_once(*given: Any) -> list[images.Rendition]:
        if errors:
            raise errors.pop()
        return render_all(*given)

    monkeypatch.setattr(images, "render_all", failing_once)
    # Received before, so that they run one after the other.
    assert deliver(first, second, attempts=2) == ["message-0"]
    assert variant(s3, "second.jpg") is not None
    (line,) = logged(capsys, "returned")
    assert line["reason"] == reason
    assert line["error"].endswith(said)


def test_a_bug_of_ours_becomes_a_dead_letter_with_its_name(
    s3: "S3Client",
    deliver: WorkerCall,
    queues: Queues,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("by 0")

    monkeypatch.setattr(images, "render_all", fail)
    assert deliver(put(s3, "a.jpg"), attempts=10) == []
    (line,) = logged(capsys, "crashed")
    assert line["message_id"] == "message-0"
    assert "ZeroDivisionError: by 0" in line["exception"]
    (letter,) = queues.dead_letters()
    assert (letter["reason"], letter["path"]) == ("crashed", "a.jpg")
    assert unquote(letter["error"]) == "ZeroDivisionError('by 0')"
    record = FailureRecords(s3, "failures-bucket", "40x30").read("a.jpg")
    assert record is not None
    assert (record.reason, record.error) == ("crashed", "ZeroDivisionError('by 0')")
    assert record.began_at <= record.failed_at


def test_a_bug_of_ours_after_the_work_costs_no_neighbour_and_no_message(
    s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = put(s3, "bad.jpg", b"no picture"), put(s3, "good.jpg")
    resize._worker().queue.sqs.meta.events.register(
        "before-call.sqs", Failing("SendMessage", ZeroDivisionError())
    )
    assert deliver(bad, good) == ["message-0"]
    assert variant(s3, "good.jpg") is not None
    assert [line["message_id"] for line in logged(capsys, "crashed")] == ["message-0"]


def test_nothing_is_begun_that_may_take_longer_than_there_is_time(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESERVE_SECONDS", "30")
    message = put(s3, "a.jpg")
    assert deliver(message, seconds=29) == ["message-0"]
    assert variant(s3, "a.jpg") is None
    assert deliver(message, seconds=40) == []


def test_with_little_time_left_nothing_is_begun_and_all_comes_back(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    assert deliver(put(s3, "a.jpg"), put(s3, "b.jpg"), seconds=4) == ["message-0", "message-1"]
    assert s3.list_objects_v2(Bucket="images-bucket")["KeyCount"] == 0


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"source": "aws.events"}, []])
def test_what_is_no_sqs_event_raises_instead_of_reporting_success(
    deliver: WorkerCall, event: Any
) -> None:
    with pytest.raises(Exception, match="not an SQS event"):
        resize.handler(event, Context())  # type: ignore[arg-type]


def test_a_record_without_message_id_raises(deliver: WorkerCall) -> None:
    event = sqs_batch("null")
    del event["Records"][0]["messageId"]
    with pytest.raises(KeyError):
        resize.handler(event, Context())  # type: ignore[arg-type]


def test_wrong_settings_are_named(deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DLQ_URL")
    monkeypatch.setenv("SIZE", "{}")
    with pytest.raises(ConfigError, match="DLQ_URL: FIELD REQUIRED; SIZE"):
        deliver("null")


def test_a_photo_counts_in_one_metric_of_its_size_and_a_dead_letter_in_none(
    s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = put(s3, "good.jpg"), put(s3, "bad.jpg", b"no picture")
    deliver(good, bad)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (emf,) = [line for line in lines if "_aws" in line]
    (directive,) = emf["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "image-fanout-dev"
    assert directive["Dimensions"] == [["size"]]
    assert emf["size"] == "40x30"
    assert [metric["Name"] for metric in directive["Metrics"]] == ["Duration"]
    (milliseconds,) = emf["Duration"]
    assert milliseconds > 0


def test_all_else_is_in_the_log_lines_for_nothing(
    s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(put(s3, "good.jpg"), put(s3, "bad.jpg", b"no picture"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {line["message"]: line for line in lines if "message" in line}
    assert told["rendered"]["bytes_in"] == len(PHOTO)
    assert told["rendered"]["bytes_out"] > 0
    assert (told["parked"]["reason"], told["parked"]["size"]) == ("unsupported", "40x30")


def test_log_and_metric_have_how_long_a_photo_took(
    s3: "S3Client",
    deliver: WorkerCall,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([100.0, 102.5])
    clock = SimpleNamespace(monotonic=lambda: next(times))
    monkeypatch.setattr("lib.pipeline.worker.time", clock)
    deliver(put(s3, "a.jpg"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["milliseconds"] for line in lines if "milliseconds" in line] == [2500]
    assert [line["Duration"] for line in lines if "_aws" in line] == [[2500.0]]


def test_keys_are_escaped_in_logs(
    s3: "S3Client", deliver: WorkerCall, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(put(s3, "line\nbreak \u202e.jpg"))
    (record,) = caplog.records
    assert record.__dict__["path"] == "line%0Abreak%20%E2%80%AE.jpg"
