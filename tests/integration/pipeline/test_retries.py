"""Tries that must not be repeated, last tries, and neighbours of a message that kills."""

import io
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from handlers import resize
from tests.integration.conftest import Context, Queues, WorkerCall
from tests.integration.pipeline.test_resize import Failing, logged, put, refusal, variant
from tests.payloads import sqs_batch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Answering:
    """Answers an operation in S3's place, on the wire, and counts how often it was sent."""

    def __init__(self, answer: int | Exception) -> None:
        self.answer, self.sent = answer, 0

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        self.sent += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return AWSResponse(request.url, self.answer, HTTPHeaders(), Body())


class Body:
    """An answer without one."""

    def stream(self, **_: Any) -> Any:
        return iter([b""])


@pytest.mark.parametrize("operation", ["PutObject", "DeleteObject"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ReadTimeoutError(endpoint_url="https://s3"), "ReadTimeoutError"),
        (ConnectTimeoutError(endpoint_url="https://s3"), "ConnectTimeoutError"),
        (500, "500"),
        (502, "502"),
    ],
)
def test_a_write_of_unknown_outcome_is_not_repeated_but_returned(
    s3: "S3Client",
    deliver: WorkerCall,
    caplog: pytest.LogCaptureFixture,
    operation: str,
    answer: int | Exception,
    reason: str,
) -> None:
    message = put(s3, "a.jpg")
    if operation == "DeleteObject":
        deliver(message)
        s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg")
        caplog.clear()
    answering: Any = Answering(answer)
    events = resize._worker().reconciler.s3.meta.events
    events.register_first(f"before-send.s3.{operation}", answering)
    assert deliver(message) == ["message-0"]
    assert answering.sent == 1
    assert next(record.__dict__["reason"] for record in caplog.records) == reason
    events.unregister(f"before-send.s3.{operation}", answering)
    assert deliver(message) == []
    assert (variant(s3, "a.jpg") is None) == (operation == "DeleteObject")


def test_a_refused_write_is_repeated_by_the_sdk(s3: "S3Client", deliver: WorkerCall) -> None:
    message = put(s3, "a.jpg")
    answering: Any = Answering(503)
    resize._worker().reconciler.s3.meta.events.register_first("before-send.s3.PutObject", answering)
    assert deliver(message) == ["message-0"]
    assert answering.sent == 3


def test_on_its_last_receive_a_message_becomes_a_dead_letter_with_its_error(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    message = put(s3, "a.jpg")
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", Failing("GetObject", refusal("SlowDown", 503), times=99)
    )
    assert deliver(message, attempts=9) == ["message-0"]
    assert queues.dead_letters() == []
    assert deliver(message, attempts=10) == []
    (letter,) = queues.dead_letters()
    assert (letter["reason"], letter["attempts"]) == ("SlowDown", "10")
    assert letter["body"] == message


@pytest.mark.parametrize(
    ("attempts", "longest"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (9, 300)]
)
def test_the_next_try_waits_twice_as_long_and_the_log_says_how_long(
    s3: "S3Client",
    deliver: WorkerCall,
    capsys: pytest.CaptureFixture[str],
    attempts: int,
    longest: int,
) -> None:
    message, worker = put(s3, "a.jpg"), resize._worker()
    worker.reconciler.s3.meta.events.register(
        "before-call.s3", Failing("GetObject", refusal("SlowDown", 503), times=99)
    )
    asked: list[int] = []
    worker.queue.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: asked.append(params["VisibilityTimeout"]),
    )
    assert deliver(message, attempts=attempts) == ["message-0"]
    (delay,) = asked
    assert longest // 2 <= delay <= longest
    (line,) = logged(capsys, "returned")
    assert (line["message_id"], line["retry_in_seconds"]) == ("message-0", delay)


def test_a_delay_that_sqs_refuses_is_logged_and_no_failure(
    s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
) -> None:
    message, worker = put(s3, "a.jpg"), resize._worker()
    worker.reconciler.s3.meta.events.register(
        "before-call.s3", Failing("GetObject", refusal("SlowDown", 503), times=99)
    )
    worker.queue.sqs.meta.events.register(
        "before-call.sqs", Failing("ChangeMessageVisibility", refusal("ServiceUnavailable", 503))
    )
    assert deliver(message) == ["message-0"]
    (line,) = logged(capsys, "not done")
    assert (line["what"], line["reason"]) == ("delay", "ServiceUnavailable")


def test_a_dead_letter_that_cannot_be_sent_stays_for_sqs_to_move(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    message = put(s3, "bad.jpg", b"no picture")
    resize._worker().queue.sqs.meta.events.register(
        "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
    )
    assert deliver(message, attempts=10) == ["message-0"]


class TestARedeliveredBatch:
    """One of its messages may be what killed the worker before."""

    def batch(self, s3: "S3Client", attempts: list[int]) -> dict[str, Any]:
        names = [f"{number}.jpg" for number in range(len(attempts))]
        event = sqs_batch(*(put(s3, name) for name in names))
        for record, count in zip(event["Records"], attempts, strict=True):
            record["attributes"]["ApproximateReceiveCount"] = str(count)
        return event

    def deletions(self) -> list[str]:
        deleted: list[str] = []
        resize._worker().queue.sqs.meta.events.register(
            "provide-client-params.sqs.DeleteMessage",
            lambda params, **_: deleted.append(params["ReceiptHandle"]),
        )
        return deleted

    def test_runs_the_most_received_last_and_deletes_each_as_it_ends(
        self, s3: "S3Client", deliver: WorkerCall
    ) -> None:
        event, deleted = self.batch(s3, [3, 1, 2]), self.deletions()
        resize.handler(event, Context())  # type: ignore[arg-type]
        assert deleted == ["receipt-1", "receipt-2", "receipt-0"]

    def test_a_message_that_kills_affects_no_other(
        self, s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event, deleted = self.batch(s3, [2, 1, 1]), self.deletions()
        look = type(resize._worker().reconciler).reconcile

        def kill(renderer: Any, path: str, check_time: Any) -> Any:
            if path == "0.jpg":
                raise KeyboardInterrupt
            return look(renderer, path, check_time)

        monkeypatch.setattr(type(resize._worker().reconciler), "reconcile", kill)
        with pytest.raises(KeyboardInterrupt):
            resize.handler(event, Context())  # type: ignore[arg-type]
        assert sorted(deleted) == ["receipt-1", "receipt-2"]

    def test_first_deliveries_leave_the_deleting_to_lambda(
        self, s3: "S3Client", deliver: WorkerCall
    ) -> None:
        event, deleted = self.batch(s3, [1, 1]), self.deletions()
        resize.handler(event, Context())  # type: ignore[arg-type]
        assert deleted == []

    def test_a_deletion_that_fails_is_no_failure(
        self, s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
    ) -> None:
        resize._worker().queue.sqs.meta.events.register(
            "before-call.sqs", Failing("DeleteMessage", refusal("Throttled", 400))
        )
        assert deliver(put(s3, "a.jpg"), attempts=2) == []
        (line,) = logged(capsys, "not done")
        assert (line["what"], line["reason"]) == ("delete at once", "Throttled")


def test_a_body_of_unknown_length_is_read_another_time(
    s3: "S3Client", deliver: WorkerCall, caplog: pytest.LogCaptureFixture
) -> None:
    message = put(s3, "a.jpg")
    events = resize._worker().reconciler.s3.meta.events

    def forget(parsed: dict[str, Any], **_: Any) -> None:
        del parsed["ContentLength"]

    events.register("after-call.s3.GetObject", forget)
    assert deliver(message) == ["message-0"]
    assert next(record.__dict__["reason"] for record in caplog.records) == "no_length"
    events.unregister("after-call.s3.GetObject", forget)
    assert deliver(message) == []


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[: len(data) // 2], "IncompleteReadError"),
        (lambda data: data[:-9] + bytes(9), "FlexibleChecksumError"),
    ],
)
def test_a_body_that_was_damaged_on_its_way_is_read_again_and_never_called_corrupt(
    s3: "S3Client",
    deliver: WorkerCall,
    queues: Queues,
    caplog: pytest.LogCaptureFixture,
    damage: Any,
    reason: str,
) -> None:
    message = put(s3, "a.jpg")
    events = resize._worker().reconciler.s3.meta.events

    def harm(parsed: dict[str, Any], **_: Any) -> None:
        body = parsed["Body"]
        body._raw_stream = io.BytesIO(damage(body._raw_stream.read()))

    events.register("after-call.s3.GetObject", harm)
    assert deliver(message) == ["message-0"]
    assert next(record.__dict__["reason"] for record in caplog.records) == reason
    events.unregister("after-call.s3.GetObject", harm)
    assert deliver(message) == []
    assert variant(s3, "a.jpg") is not None
    assert queues.dead_letters() == []
