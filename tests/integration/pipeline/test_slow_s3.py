"""S3 that drips, is silent or slow holds no batch beyond its time."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from handlers import fetch, resize
from lib.aws import s3 as objects
from lib.aws.call_budget import CALL_SECONDS, CallBudget
from lib.errors import NoTimeError
from lib.pipeline.events import build_event
from tests.integration.conftest import Context, WorkerCall
from tests.integration.fetch_stage import Fetching, fetching, web
from tests.integration.pipeline.test_resize import PHOTO, put, variant
from tests.integration.pipeline.test_retries import Answering
from tests.payloads import sqs_batch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fetching", "web"]

# Bytes of a body that drips for longer than any of these tests would wait.
LENGTH = 2000
EACH = 0.02
TIMEOUT = ReadTimeoutError(endpoint_url="https://s3")


class DrippingS3(ThreadingHTTPServer):
    """Has no variant, and an original whose bytes come one by one."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.sent = 0
        super().__init__(("127.0.0.1", 0), Dripping)


class Dripping(BaseHTTPRequestHandler):
    server: DrippingS3

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in {"ETag": '"e"', "Content-Length": str(LENGTH)}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            while self.server.sent < LENGTH and not self.server.ended.wait(EACH):
                self.wfile.write(b"x")
                self.server.sent += 1

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def dripping(deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> Iterator[DrippingS3]:
    with DrippingS3() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        yield server
        server.ended.set()
        server.shutdown()
        thread.join()


class TestABodyThatDrips:
    def test_is_given_up_in_time_for_the_rest_of_the_batch(
        self, deliver: WorkerCall, dripping: DrippingS3, caplog: pytest.LogCaptureFixture
    ) -> None:
        message = object_message()
        assert deliver(message, seconds=CALL_SECONDS + 1) == ["message-0"]
        assert reasons(caplog)[0] == "no_time"
        assert 0 < dripping.sent < LENGTH

    def test_is_given_up_where_there_is_time_because_s3_is_never_so_slow(
        self,
        deliver: WorkerCall,
        dripping: DrippingS3,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(objects, "_BODY_SECONDS", 0.5)
        assert deliver(object_message(), seconds=600) == ["message-0"]
        assert reasons(caplog)[0] == "slow_body"
        assert 0 < dripping.sent < LENGTH

    def test_is_given_up_by_whoever_reads_it(self, dripping: DrippingS3) -> None:
        found = objects.get(boto3.client("s3"), "bucket", "key")
        assert isinstance(found, objects.Download)
        with pytest.raises(NoTimeError):
            found.read(max_bytes=LENGTH, seconds=0.3)

    def test_costs_its_neighbours_nothing(
        self, s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = put(s3, "first.jpg"), put(s3, "second.jpg")
        # Enough for the other body on a busy machine.
        monkeypatch.setattr(objects, "_BODY_SECONDS", 1)
        ended = threading.Event()

        class Drip:
            """A body that gives one byte at a time."""

            def read(self, _: int) -> bytes:
                return b"" if ended.wait(EACH) else b"x"

            def close(self) -> None:
                ended.set()

        bodies = iter([Drip()])

        def drip(parsed: dict[str, Any], **_: Any) -> None:
            if body := next(bodies, None):
                parsed["Body"] = body

        resize._worker().reconciler.s3.meta.events.register("after-call.s3.GetObject", drip)
        assert len(deliver(first, second)) == 1
        assert (variant(s3, "first.jpg") is None) != (variant(s3, "second.jpg") is None)


def object_message() -> str:
    return build_event("originals-bucket", "originals/a.jpg")


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.__dict__["reason"] for record in caplog.records if "reason" in record.__dict__]


class TestNearTheEndOfABatch:
    @pytest.mark.parametrize(("seconds", "tries"), [(CALL_SECONDS + 1, 1), (600, 3)])
    def test_a_silent_call_is_not_repeated(
        self, s3: "S3Client", deliver: WorkerCall, seconds: float, tries: int
    ) -> None:
        message, answering = put(s3, "a.jpg"), Answering(TIMEOUT)
        events: Any = resize._worker().reconciler.s3.meta.events
        events.register_first("before-send.s3.GetObject", answering)
        assert deliver(message, seconds=seconds) == ["message-0"]
        assert answering.sent == tries

    @pytest.mark.parametrize("code", [503, 500])
    def test_a_refused_call_is_not_repeated(
        self, s3: "S3Client", deliver: WorkerCall, code: int
    ) -> None:
        message, answering = put(s3, "a.jpg"), Answering(code)
        events: Any = resize._worker().reconciler.s3.meta.events
        events.register_first("before-send.s3.HeadObject", answering)
        assert deliver(message, seconds=CALL_SECONDS + 1) == ["message-0"]
        assert answering.sent == 1

    @pytest.mark.parametrize("last", ["HeadObject", "GetObject", "PutObject"])
    def test_no_call_is_begun_and_the_next_delivery_ends_what_was_begun(
        self, s3: "S3Client", deliver: WorkerCall, last: str
    ) -> None:
        message, context, calls = put(s3, "a.jpg"), Context(), list[str]()
        events = resize._worker().reconciler.s3.meta.events
        events.register("before-send.s3", lambda request, **_: calls.append(request.method))
        events.register(f"after-call.s3.{last}", lambda **_: setattr(context, "seconds", 4))
        answer = resize.handler(sqs_batch(message), context)  # type: ignore[arg-type]
        assert answer["batchItemFailures"] == [{"itemIdentifier": "message-0"}]
        assert calls == ["HEAD", "GET", "PUT"][: len(calls)]
        assert len(calls) == {"HeadObject": 1, "GetObject": 2, "PutObject": 3}[last]
        assert deliver(message) == []
        assert variant(s3, "a.jpg") is not None

    def test_a_dead_letter_still_gets_its_record(self, s3: "S3Client", deliver: WorkerCall) -> None:
        message, context = put(s3, "a.jpg", b"no picture"), Context()
        resize._worker().queue.sqs.meta.events.register(
            "after-call.sqs.SendMessage", lambda **_: setattr(context, "seconds", 4)
        )
        resize.handler(sqs_batch(message), context)  # type: ignore[arg-type]
        assert s3.list_objects_v2(Bucket="failures-bucket")["KeyCount"] == 1

    def test_a_fetch_repeats_no_call_either(self, fetching: Fetching) -> None:
        order, answering = fetching.submit(), Answering(TIMEOUT)
        events: Any = fetch._worker().fetcher.s3.meta.events
        events.register_first("before-send.s3.GetObject", answering)
        assert fetching.deliver(order, seconds=13)
        assert answering.sent == 1


def test_a_thread_without_a_deadline_has_time(s3: "S3Client") -> None:
    patience = CallBudget()
    patience.bind(s3)
    assert objects.head(s3, "originals-bucket", "a") is None
    with patience.limit(lambda: 1), pytest.raises(NoTimeError):
        objects.head(s3, "originals-bucket", "a")
    with patience.limit(lambda: 1), patience.allow_late():
        assert objects.head(s3, "originals-bucket", "a") is None


def test_a_whole_body_is_read_in_chunks(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_CHUNK_BYTES", 100)
    s3.put_object(Bucket="originals-bucket", Key="a", Body=PHOTO)
    found = objects.get(s3, "originals-bucket", "a")
    assert isinstance(found, objects.Download)
    assert found.read(max_bytes=len(PHOTO)) == PHOTO
