"""The fetch function on moto: each job ends as an original, as cancelled, or as a dead letter."""

import errno
import json
import socket
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ReadTimeoutError

from handlers import fetch
from lib.dead_letters import scan
from lib.dead_letters.letter import DlqKind
from lib.dead_letters.queue import DeadLetterQueue
from lib.dead_letters.records import RecordCleaner
from lib.errors import ConfigError, RequestError, TransientError
from lib.fetching import fetcher
from lib.fetching.jobs import JOB_LIFETIME, FetchState
from lib.fetching.records import FetchRecord, FetchRecords
from lib.images.limits import MAX_BYTES
from lib.keys import check_path
from lib.pipeline.failure_records import FailureRecords
from lib.sizes import Size
from tests.integration.fetch_stage import PHOTO, Fetching, events_of_s3, fetching, web
from tests.integration.pipeline.test_resize import Failing, refusal
from tests.integration.pipeline.test_retries import Answering
from tests.payloads import ORIGINALS, payload, s3_event
from tests.times import is_timestamp
from tests.web_server import answer, chunked, redirect

__all__ = ["fetching", "web"]  # fixtures

SECRET = "hunter2"  # noqa: S105  stands for one
LARGE = bytes(range(256)) * (4 << 10)  # a MiB: many reads and many writes
TIMEOUT = ReadTimeoutError(endpoint_url="https://s3")


class TestAJob:
    def test_becomes_an_original_and_leaves_nothing_else(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO, Content_Type="image/png; q=1")
        job = fetching.submit("2026/é 😀 a+b.jpg")
        assert fetching.sent() == [job.model_dump_json(exclude_none=True)]
        pending = FetchState(state="pending", ordered_at=job.ordered_at)
        assert fetching.get_state("2026/é 😀 a+b.jpg") == pending
        assert not fetching.deliver(job)
        found = fetching.original("2026/é 😀 a+b.jpg")
        assert found["Body"].read() == PHOTO
        assert found["ContentType"] == "image/png"
        assert found["Metadata"] == {"fetch-order": job.id}
        assert fetching.get_state("2026/é 😀 a+b.jpg") is None
        assert (fetching.read_records(), fetching.queues.dead_letters()) == ({}, [])

    def test_for_a_large_photo_is_written_at_once(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(LARGE)
        job = fetching.submit()
        calls: list[str] = []
        events_of_s3().register("before-call.s3", lambda model, **_: calls.append(model.name))
        assert not fetching.deliver(job)
        found = fetching.original()
        assert found["Body"].read() == LARGE
        assert found["Metadata"] == {"fetch-order": job.id}
        assert found["ContentType"] == "image/jpeg"
        written = ["GetObject", "HeadObject", "GetObject", "PutObject"]
        assert calls == [*written, "GetObject", "DeleteObject"]

    @pytest.mark.parametrize(
        "content_type", ["", "application/octet-stream", "binary/octet-stream"]
    )
    def test_takes_a_file_of_unknown_type_for_the_renderer_to_judge(
        self, fetching: Fetching, content_type: str
    ) -> None:
        fetching.web.pages["/photo.jpg"] = chunked(PHOTO, Content_Type=content_type)
        assert not fetching.deliver(fetching.submit())
        assert fetching.original()["ContentType"] == "application/octet-stream"

    def test_stores_the_focal_point_that_it_was_given(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        job = fetching.submit(focus=(0.25, 1.0))
        assert not fetching.deliver(job)
        assert fetching.original()["Metadata"] == {"fetch-order": job.id, "focus": "0.25,1"}

    def test_replaces_a_photo_where_that_was_asked_for(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        fetching.put()
        assert not fetching.deliver(fetching.submit(overwrite=True))
        assert fetching.data() == PHOTO

    def test_delivered_twice_asks_the_server_once(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        job = fetching.submit()
        assert not fetching.deliver(job)
        assert not fetching.deliver(job)
        assert len(fetching.web.heads) == 1
        assert fetching.queues.dead_letters() == []

    def test_with_little_time_left_comes_back_untouched(
        self, fetching: Fetching, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert fetching.deliver(fetching.submit(), seconds=10)
        assert fetching.web.heads == []
        assert caplog.records[0].__dict__["reason"] == "no_time"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answer(b"", "404 Not Found"), "source_refused"),
        (answer(PHOTO, Content_Type="text/html"), "unsupported"),
        (answer(b"<svg/>", Content_Type="image/svg+xml"), "unsupported"),
        (answer(b"", Content_Length="30000001"), "too_many_bytes"),
        (answer(b""), "empty"),
        (redirect(f"http://169.254.169.254/?{SECRET}"), "address_refused"),
        (redirect(f"http://u:{SECRET}@127.0.0.1/"), "bad_url"),
    ],
)
def test_what_can_never_be_fetched_becomes_a_dead_letter_at_once_and_shown(
    fetching: Fetching, caplog: pytest.LogCaptureFixture, response: bytes, reason: str
) -> None:
    fetching.web.pages[f"/?{SECRET}"] = response
    job = fetching.submit("ü/bad one.jpg", f"/?{SECRET}")
    assert not fetching.deliver(job, attempts=2)
    (letter,) = fetching.queues.dead_letters()
    assert letter["body"] == job.model_dump_json()
    assert (letter["reason"], letter["attempts"]) == (reason, "2")
    assert unquote(letter["path"]) == "ü/bad one.jpg"
    assert letter["path"].isascii()
    assert is_timestamp(letter["failed_at"])
    assert "size" not in letter
    assert fetching.original("ü/bad one.jpg") is None
    state = fetching.get_state("ü/bad one.jpg")
    assert state is not None
    assert (state.state, state.reason, state.error) == ("failed", reason, unquote(letter["error"]))
    record = FailureRecords(fetching.s3, "failures-bucket", "_fetch").read("ü/bad one.jpg")
    assert record is not None
    assert (record.attempts, record.failed_at) == (2, state.failed_at)
    assert job.ordered_at <= record.began_at <= record.failed_at
    # The letter's body is the job itself; nothing else may contain parts of its URL.
    shown = json.dumps(
        [fetching.read_records(), {**letter, "body": ""}, state.model_dump(mode="json")]
    )
    assert SECRET not in shown + caplog.text + repr([vars(record) for record in caplog.records])
    assert SECRET not in repr(job)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answer(b"", "503 Busy"), "source_failed"),
        (answer(PHOTO)[:-1], "source_truncated"),
        (chunked(LARGE, end=b""), "source_truncated"),
        (b"", "source_unreachable"),
    ],
)
def test_what_may_succeed_later_is_retried_with_a_delay_and_at_last_a_dead_letter(
    fetching: Fetching, response: bytes, reason: str
) -> None:
    fetching.web.pages["/photo.jpg"] = response
    job = fetching.submit()
    changed: list[Any] = []
    fetch._worker().queue.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: changed.append(params),
    )
    assert fetching.deliver(job, attempts=3)
    (change,) = changed
    assert change["ReceiptHandle"] == payload("sqs_fetch_order")["Records"][0]["receiptHandle"]
    assert 10 <= change["VisibilityTimeout"] <= 20
    assert fetching.original() is None
    assert fetching.queues.dead_letters() == []
    assert fetching.get_state() == FetchState(state="pending", ordered_at=job.ordered_at)
    assert not fetching.deliver(job, attempts=8)
    (letter,) = fetching.queues.dead_letters()
    assert (letter["reason"], letter["attempts"]) == (reason, "8")
    state = fetching.get_state()
    assert state is not None
    assert (state.state, state.reason) == ("failed", reason)


def test_a_slow_server_is_left_when_the_functions_time_is_nearly_over(fetching: Fetching) -> None:
    def silent(_: Callable[[bytes], None], stop: Any) -> None:
        stop.wait()

    fetching.web.pages["/photo.jpg"] = silent
    job = fetching.submit()
    assert fetching.deliver(job, seconds=10.3)
    assert fetching.queues.dead_letters() == []


def test_a_replayed_dead_letter_is_run_like_a_new_job(fetching: Fetching) -> None:
    job = fetching.submit()
    assert not fetching.deliver(job)
    (letter,) = fetching.queues.dead_letters()
    fetching.web.pages["/photo.jpg"] = answer(PHOTO)
    assert not fetching.deliver(letter["body"])
    assert fetching.data() == PHOTO
    assert fetching.read_records() == {}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "7",
        '"http://{web}/{secret}"',
        '{{"url": "http://{web}/{secret}"}}',
        '{{"Type": "SubscriptionConfirmation", "SubscribeURL": "http://{web}/{secret}"}}',
        json.dumps(s3_event("originals/a.jpg")).replace("{", "{{").replace("}", "}}"),
        '{{"id": "{id}", "path": "a.jpg", "url": "http://{web}/{secret}", "overwrite": false}}',
        '{{"id": "{id}", "path": "a.jpg", "url": "http://{web}/{secret}", "overwrite": false,'
        ' "ordered_at": "2026-11-01T09:30:12Z", "{secret}": 1}}',
        '{{"id": "x", "path": "a.jpg", "url": "http://{web}/{secret}", "overwrite": false,'
        ' "ordered_at": "2026-11-01T09:30:12Z"}}',
        "[" * 100_000,
    ],
)
def test_a_message_that_is_no_order_becomes_a_dead_letter_and_nothing_in_it_is_fetched(
    fetching: Fetching, body: str
) -> None:
    web_ = f"127.0.0.1:{fetching.web.port}"
    message = body.format(web=web_, secret=SECRET, id="0" * 32) if "{" in body else body
    assert not fetching.deliver(message)
    (letter,) = fetching.queues.dead_letters()
    assert (letter["reason"], letter["body"]) == ("malformed_event", message)
    assert "path" not in letter
    assert f"http://{web_}" not in unquote(letter["error"])
    assert (fetching.web.heads, fetching.read_records()) == ([], {})


@pytest.mark.parametrize("path", ["../a.jpg", "a//b.jpg", "/a.jpg", "x" * 1015, "a/"])
def test_a_job_for_an_invalid_path_becomes_a_dead_letter(fetching: Fetching, path: str) -> None:
    job = fetching.submit().model_copy(update={"path": path})
    assert not fetching.deliver(job)
    assert [letter["reason"] for letter in fetching.queues.dead_letters()] == ["bad_key"]
    assert fetching.web.heads == []


def test_a_job_without_a_record_fetches_nothing(fetching: Fetching) -> None:
    (record,) = payload("sqs_fetch_order")["Records"]
    assert not fetching.deliver(record["body"])
    assert (fetching.web.heads, fetching.queues.dead_letters()) == ([], [])


@pytest.mark.parametrize("event", [{}, {"Records": None}, [], {"source": "aws.events"}])
def test_what_is_no_batch_raises(fetching: Fetching, event: Any) -> None:
    with pytest.raises(ValueError, match="not an SQS event"):
        fetch.handler(event, None)  # type: ignore[arg-type]


def test_missing_settings_are_named(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DLQ_URL")
    with pytest.raises(ConfigError, match="DLQ_URL"):
        fetch._worker()


def test_loopback_is_fetched_from_only_where_that_is_said(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FETCH_LOOPBACK")
    assert not fetching.deliver(fetching.submit())
    assert [letter["reason"] for letter in fetching.queues.dead_letters()] == ["address_refused"]
    assert fetching.web.heads == []


class TestAPathThatIsTaken:
    def test_beforehand_is_seen_before_the_download(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        fetching.put()
        assert not fetching.deliver(fetching.submit())
        (letter,) = fetching.queues.dead_letters()
        assert letter["reason"] == "path_taken"
        assert fetching.web.heads == []
        assert fetching.data() == b"another"

    def test_meanwhile_is_left_as_it_is(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        job = fetching.submit()
        before_the_original("PutObject", fetching.put)
        assert not fetching.deliver(job)
        assert [each["reason"] for each in fetching.queues.dead_letters()] == ["path_taken"]
        assert fetching.data() == b"another"

    def test_meanwhile_and_may_be_replaced_is_looked_at_anew(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        job = fetching.submit(overwrite=True)
        before_the_original("PutObject", fetching.put)
        assert fetching.deliver(job)
        assert fetching.data() == b"another"
        assert not fetching.deliver(job)
        assert fetching.data() == PHOTO


class TestACancelledJob:
    """The photo was deleted, or a later job submitted."""

    @pytest.fixture(autouse=True)
    def photo(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)

    def test_before_it_began_sends_no_request(
        self, fetching: Fetching, caplog: pytest.LogCaptureFixture
    ) -> None:
        job = fetching.submit()
        fetching.job_queue.cancel("a.jpg")
        assert fetching.get_state() is None
        assert not fetching.deliver(job)
        assert fetching.web.heads == []
        assert (fetching.read_records(), fetching.queues.dead_letters()) == ({}, [])
        assert [record.msg for record in caplog.records] == ["cancelled"]

    def test_while_it_downloaded_writes_nothing(self, fetching: Fetching) -> None:
        photo = fetching.web.pages["/photo.jpg"]

        def cancel_and_send(send: Callable[[bytes], None], _: Any) -> None:
            fetching.job_queue.cancel("a.jpg")
            assert isinstance(photo, bytes)
            send(photo)

        fetching.web.pages["/photo.jpg"] = cancel_and_send
        job = fetching.submit()
        written: list[Any] = []
        events_of_s3().register("before-call.s3.PutObject", lambda **_: written.append(1))
        assert not fetching.deliver(job)
        assert (fetching.original(), written) == (None, [])
        assert (fetching.read_records(), fetching.queues.dead_letters()) == ({}, [])

    def test_during_its_write_is_deleted(self, fetching: Fetching) -> None:
        job = fetching.submit()
        before_the_original("PutObject", lambda: fetching.job_queue.cancel("a.jpg"))
        assert not fetching.deliver(job)
        assert (fetching.original(), fetching.read_records()) == (None, {})

    def test_and_replaced_by_somebody_elses_photo_leaves_that(self, fetching: Fetching) -> None:
        job = fetching.submit()
        fetching.job_queue.cancel("a.jpg")
        fetching.put()
        assert not fetching.deliver(job)
        assert fetching.data() == b"another"

    def test_does_not_fail_any_more(self, fetching: Fetching) -> None:
        def cancel_and_refuse(send: Callable[[bytes], None], _: Any) -> None:
            fetching.job_queue.cancel("a.jpg")
            send(answer(b"", "404 Not Found"))

        fetching.web.pages["/photo.jpg"] = cancel_and_refuse
        assert not fetching.deliver(fetching.submit())
        assert (fetching.read_records(), fetching.queues.dead_letters()) == ({}, [])

    def test_stays_cancelled_when_its_dead_letter_is_replayed(self, fetching: Fetching) -> None:
        job = fetching.submit(page="/missing.jpg")
        assert not fetching.deliver(job)
        fetching.job_queue.cancel("a.jpg")
        assert (fetching.get_state(), fetching.read_records()) == (None, {})
        fetching.web.heads.clear()
        assert not fetching.deliver(job)
        assert fetching.web.heads == []

    def test_is_replaced_by_a_later_job(self, fetching: Fetching) -> None:
        first, second = fetching.submit(page="/large.jpg"), fetching.submit()
        assert not fetching.deliver(first)
        assert (fetching.original(), fetching.web.heads) == (None, [])
        state = fetching.get_state()
        assert state == FetchState(state="pending", ordered_at=second.ordered_at)
        assert not fetching.deliver(second)
        assert fetching.data() == PHOTO

    def test_leaves_the_later_jobs_record_when_it_fails_itself(self, fetching: Fetching) -> None:
        later: list[Any] = []

        def submit_and_refuse(send: Callable[[bytes], None], _: Any) -> None:
            later.append(fetching.submit())
            send(answer(b"", "404 Not Found"))

        fetching.web.pages["/missing.jpg"] = submit_and_refuse
        assert not fetching.deliver(fetching.submit(page="/missing.jpg"))
        state = fetching.get_state()
        assert state == FetchState(state="pending", ordered_at=later[0].ordered_at)

    def test_leaves_the_record_of_a_job_submitted_while_it_becomes_a_dead_letter(
        self, fetching: Fetching
    ) -> None:
        job = fetching.submit(page="/missing.jpg")
        later: list[Any] = []
        fetch._worker().queue.sqs.meta.events.register(
            "before-call.sqs.SendMessage", lambda **_: later.append(fetching.submit())
        )
        assert not fetching.deliver(job)
        state = fetching.get_state()
        assert state == FetchState(state="pending", ordered_at=later[0].ordered_at)

    def test_whose_write_was_not_answered_is_deleted_once_the_write_took_effect(
        self, fetching: Fetching
    ) -> None:
        job = fetching.submit()

        def land_unanswered(params: Any, **_: Any) -> None:
            if params["Bucket"] == "originals-bucket":
                fetching.job_queue.cancel("a.jpg")
                fetching.s3.put_object(**params)
                raise TIMEOUT

        events_of_s3().register("provide-client-params.s3.PutObject", land_unanswered)
        assert fetching.deliver(job)
        assert fetching.data() == PHOTO
        assert not fetching.deliver(job)
        assert (fetching.original(), fetching.read_records()) == (None, {})


def test_a_write_that_was_not_answered_is_waited_for_and_recognized(fetching: Fetching) -> None:
    fetching.web.pages["/photo.jpg"] = answer(LARGE)
    job = fetching.submit()
    changed: list[int] = []
    fetch._worker().queue.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: changed.append(params["VisibilityTimeout"]),
    )

    def no_answer(**_: Any) -> None:
        raise TIMEOUT

    events_of_s3().register("after-call.s3.PutObject", no_answer)
    assert fetching.deliver(job)
    assert changed == [60]
    assert not fetching.deliver(job)
    assert fetching.data() == LARGE
    assert len(fetching.web.heads) == 1
    assert (fetching.read_records(), fetching.queues.dead_letters()) == ({}, [])


def test_the_sdk_does_not_repeat_a_write_that_was_not_answered(fetching: Fetching) -> None:
    fetching.web.pages["/photo.jpg"] = answer(LARGE)
    job = fetching.submit()
    answering: Any = Answering(TIMEOUT)
    events_of_s3().register_first("before-send.s3.PutObject", answering)
    assert fetching.deliver(job)
    assert answering.sent == 1
    events_of_s3().unregister("before-send.s3.PutObject", answering)
    assert not fetching.deliver(job)
    assert fetching.data() == LARGE


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("HeadObject", "403", 403),
        ("GetObject", "SlowDown", 503),
        ("PutObject", "SlowDown", 503),
        ("DeleteObject", "AccessDenied", 403),
    ],
)
def test_an_s3_that_refuses_is_tried_again(
    fetching: Fetching, operation: str, code: str, status: int
) -> None:
    fetching.web.pages["/photo.jpg"] = answer(PHOTO)
    job = fetching.submit()
    events_of_s3().register("before-call.s3", Failing(operation, refusal(code, status)))
    assert fetching.deliver(job)
    assert fetching.queues.dead_letters() == []
    assert not fetching.deliver(job)
    assert fetching.data() == PHOTO
    assert fetching.read_records() == {}


class TestTheFile:
    """What is downloaded is on disk until it is written."""

    @pytest.fixture(autouse=True)
    def made(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[IO[bytes]]:
        """The files, as they are made in a folder of their own."""
        made: list[IO[bytes]] = []

        def new_file() -> IO[bytes]:
            made.append(TemporaryFile(dir=tmp_path))  # noqa: SIM115  the fetcher closes it
            return made[-1]

        monkeypatch.setattr(fetcher, "TemporaryFile", new_file)
        return made

    @pytest.mark.parametrize("size", [2, 1 << 16])
    def test_takes_no_memory_whatever_its_chunks(self, fetching: Fetching, size: int) -> None:
        count = 50_000
        data = b"ab" * count
        chunks = (data[at : at + size] for at in range(0, len(data), size))
        fetching.web.pages["/photo.jpg"] = chunked(*chunks)
        job = fetching.submit()
        held: list[int] = []
        tracemalloc.start()
        try:
            events_of_s3().register(
                "before-call.s3.PutObject",
                lambda **_: held.append(tracemalloc.get_traced_memory()[1]),
            )
            assert not fetching.deliver(job)
        finally:
            tracemalloc.stop()
        assert fetching.data() == data
        # A bytes object of two bytes has 35, and its place in a list 8.
        assert held[0] < 20 * count

    @pytest.mark.parametrize(
        ("response", "failing"),
        [
            (answer(PHOTO), ""),
            (answer(PHOTO)[:-1], ""),
            (chunked(LARGE, end=b""), ""),
            (answer(b"", "404 Not Found"), ""),
            (answer(PHOTO, Content_Type="text/html"), ""),
            (answer(PHOTO), "PutObject"),
        ],
        ids=["fetched", "cut", "cut chunks", "refused", "wrong type", "S3 refuses"],
    )
    def test_is_gone_however_the_job_ends(
        self,
        fetching: Fetching,
        made: list[IO[bytes]],
        tmp_path: Path,
        response: bytes,
        failing: str,
    ) -> None:
        fetching.web.pages["/photo.jpg"] = response
        job = fetching.submit()
        events_of_s3().register("before-call.s3", Failing(failing, refusal("SlowDown", 503)))
        fetching.deliver(job)
        assert [file.closed for file in made] == [True]
        assert list(tmp_path.iterdir()) == []

    def test_that_finds_no_room_on_the_disk_is_tried_again(
        self, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Full(BytesIO):
            def write(self, _: object) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        job = fetching.submit()
        with monkeypatch.context() as context:
            context.setattr(fetcher, "TemporaryFile", Full)
            assert fetching.deliver(job)
            assert not fetching.deliver(job, attempts=8)
        (letter,) = fetching.queues.dead_letters()
        assert letter["reason"] == "disk_full"

    def test_is_no_larger_than_what_is_ever_rendered(
        self, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MAX_UPLOAD_BYTES", str(5 << 30))
        fetch._worker.cache_clear()
        fetching.web.pages["/photo.jpg"] = answer(Content_Length=str(MAX_BYTES + 1))
        assert not fetching.deliver(fetching.submit())
        (letter,) = fetching.queues.dead_letters()
        assert letter["reason"] == "too_many_bytes"
        assert f"the limit is {MAX_BYTES:,}" in unquote(letter["error"])


def test_a_dead_letter_that_cannot_be_sent_keeps_the_job_in_its_queue(
    fetching: Fetching,
) -> None:
    job = fetching.submit()
    fetch._worker().queue.sqs.meta.events.register(
        "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
    )
    assert fetching.deliver(job, attempts=8)
    state = fetching.get_state()
    assert state is not None
    assert (state.state, state.reason) == ("failed", "worker_stopped")  # SQS will move it
    assert not fetching.deliver(job, attempts=8)
    assert len(fetching.queues.dead_letters()) == 1


def test_a_record_that_cannot_be_written_stops_nothing(
    fetching: Fetching, caplog: pytest.LogCaptureFixture
) -> None:
    job = fetching.submit()
    events_of_s3().register("before-call.s3", Failing("PutObject", refusal("AccessDenied", 403)))
    assert not fetching.deliver(job)
    assert len(fetching.queues.dead_letters()) == 1
    assert "not done" in [record.msg for record in caplog.records]


def test_bugs_lose_no_job_and_log_no_url(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = fetching.submit(page=f"/?{SECRET}")

    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(fetcher, "_write_chunks", fail)
    fetching.web.pages[f"/?{SECRET}"] = answer(PHOTO)
    assert fetching.deliver(job, attempts=7)
    assert not fetching.deliver(job, attempts=8)
    (letter,) = fetching.queues.dead_letters()
    assert (letter["reason"], letter["error"]) == ("crashed", "ZeroDivisionError")


class CrashAt:
    """The worker's process is stopped before or after the so many-th call of S3 or SQS."""

    def __init__(self, number: int, moment: str) -> None:
        self.number, self.calls = number, 0
        worker = fetch._worker()
        for client in (worker.fetcher.s3, worker.queue.sqs):
            client.meta.events.register(f"{moment}-call", self)

    def __call__(self, **_: Any) -> None:
        self.calls += 1
        if self.calls == self.number:
            raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_killed_at_any_call_it_leaves_no_half_and_the_next_try_ends_well(
    fetching: Fetching, moment: str, overwrite: bool
) -> None:
    fetching.web.pages["/photo.jpg"] = answer(PHOTO)
    for number in count(1):
        path = f"{number}.jpg"
        if overwrite:
            fetching.put(path)
        job = fetching.submit(path, overwrite=overwrite)
        fetch._worker.cache_clear()
        crash = CrashAt(number, moment)
        with suppress(KeyboardInterrupt):
            assert not fetching.deliver(job)
        if crash.calls < number:
            break
        assert fetching.data(path) in (b"another" if overwrite else None, PHOTO)
        assert not fetching.deliver(job)
        assert fetching.data(path) == PHOTO
        assert fetching.get_state(path) is None
    # Record, original; record, write; record, its deletion.
    assert number > 6
    assert fetching.read_records() == {}
    assert fetching.queues.dead_letters() == []


class TestTheJobQueue:
    @pytest.mark.parametrize(
        "url",
        [
            "ftp://example.com/",
            f"https://u:{SECRET}@example.com/",
            "https://example.com:8443/",
            f"https://example.com/{SECRET}{'x' * 8000}",
            "photo.jpg",
        ],
    )
    def test_refuses_what_can_be_no_url_at_once(self, fetching: Fetching, url: str) -> None:
        job_queue = fetching.job_queue
        with pytest.raises(RequestError) as caught:
            type(job_queue)(
                job_queue.s3,
                job_queue.failures_bucket,
                job_queue.sqs,
                job_queue.queue_url,
                ORIGINALS,
            ).submit("a.jpg", url)
        assert (caught.value.status, caught.value.kind) == (422, "bad_url")
        assert SECRET not in str(caught.value)
        assert (fetching.sent(), fetching.read_records()) == ([], {})

    @pytest.mark.parametrize("path", ["../a.jpg", "", "x" * 1015])
    def test_refuses_what_can_be_no_path(self, fetching: Fetching, path: str) -> None:
        with pytest.raises(RequestError) as caught:
            fetching.submit(path)
        assert (caught.value.status, caught.value.kind) == (422, "bad_path")
        assert fetching.read_records() == {}

    def test_deletes_the_record_of_a_job_that_it_could_not_send(self, fetching: Fetching) -> None:
        fetching.queues.sqs.meta.events.register(
            "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
        )
        with pytest.raises(TransientError, match="SendMessage"):
            fetching.submit()
        assert (fetching.read_records(), fetching.sent()) == ({}, [])

    def test_writes_the_record_first(self, fetching: Fetching) -> None:
        fetching.queues.sqs.meta.events.register(
            "before-call.sqs",
            Failing("SendMessage", KeyboardInterrupt()),  # type: ignore[arg-type]
        )
        with pytest.raises(KeyboardInterrupt):
            fetching.submit()
        assert list(fetching.read_records()) == ["_fetch/a.jpg"]

    def test_keeps_the_url_out_of_the_record(self, fetching: Fetching) -> None:
        job = fetching.submit(page=f"/?{SECRET}")
        record = fetching.read_records()["_fetch/a.jpg"]
        assert set(record) == {"id", "ordered_at", "cancelled"}
        assert is_timestamp(record["ordered_at"])
        assert SECRET in job.url

    def test_returns_no_state_without_a_job(self, fetching: Fetching) -> None:
        assert fetching.get_state() is None
        fetching.job_queue.cancel("a.jpg")
        assert fetching.read_records() == {}

    def test_shows_a_job_that_outlived_the_queue_as_failed(self, fetching: Fetching) -> None:
        records = FetchRecords(fetching.s3, "failures-bucket")
        for age, state in (
            (JOB_LIFETIME - timedelta(minutes=1), "pending"),
            (JOB_LIFETIME, "failed"),
        ):
            ordered_at = datetime.now(UTC).replace(microsecond=0) - age
            records.put("a.jpg", FetchRecord(id="0" * 32, ordered_at=ordered_at))
            found = fetching.get_state()
            assert found is not None
            assert found.state == state
        assert found is not None
        assert (found.reason, found.failed_at) == ("worker_stopped", ordered_at + JOB_LIFETIME)

    @pytest.mark.parametrize("body", [b"", b"null", b"{}", b"\xff", b"[" * 10_000])
    def test_ignores_an_invalid_record(self, fetching: Fetching, body: bytes) -> None:
        fetching.s3.put_object(Bucket="failures-bucket", Key="_fetch/a.jpg", Body=body)
        assert fetching.get_state() is None
        fetching.job_queue.cancel("a.jpg")
        fetching.submit()
        assert fetching.get_state() is not None

    def test_cancelling_twice_is_cancelling_once(self, fetching: Fetching) -> None:
        fetching.submit()
        for _ in range(2):
            fetching.job_queue.cancel("a.jpg")
            assert fetching.get_state() is None


def test_no_size_can_have_the_name_of_the_records_folder() -> None:
    check_path("_fetch/a.jpg")
    with pytest.raises(ValueError, match="name"):
        Size(name="_fetch", width=1, height=1)


def test_the_log_says_what_was_fetched_and_what_failed_and_metrics_cost_nothing(
    fetching: Fetching, capsys: pytest.CaptureFixture[str]
) -> None:
    fetching.web.pages["/photo.jpg"] = answer(PHOTO)
    fetching.deliver(fetching.submit())
    fetching.deliver(fetching.submit("b.jpg", "/missing.jpg"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert not [line for line in lines if "_aws" in line]
    shown = {line["message"]: line for line in lines}
    assert shown["fetched"]["bytes_in"] == len(PHOTO)
    assert shown["parked"]["reason"] == "source_refused"
    assert shown["fetched"]["size"] == shown["parked"]["size"] == "_fetch"


def test_a_name_is_looked_up_once_for_each_try(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, asked = socket.getaddrinfo, []

    def rebinding(host: str, *args: Any, **more: Any) -> Any:
        if host != "rebinding.test":
            return look_up(host, *args, **more)
        asked.append(host)
        return look_up("127.0.0.1" if len(asked) == 1 else "169.254.169.254", *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    fetching.web.pages["/photo.jpg"] = answer(PHOTO)
    job = fetching.job_queue.submit("a.jpg", fetching.web.url(host="rebinding.test"))
    assert not fetching.deliver(job)
    assert (fetching.data(), len(asked)) == (PHOTO, 1)


def before_the_original(operation: str, act: Callable[[], None]) -> None:
    """Do something between the worker's last look and its write of the original."""
    pending = [act]

    def step_in(params: Any, **_: Any) -> None:
        if params["Bucket"] == "originals-bucket" and pending:
            pending.pop()()

    events_of_s3().register(f"provide-client-params.s3.{operation}", step_in)


@pytest.mark.parametrize("data", [None, b"another"])
def test_a_failure_record_has_the_etag_of_the_original(
    fetching: Fetching, data: bytes | None
) -> None:
    """Status shows it only as long as that is so."""
    if data:
        fetching.put(data=data)
    assert not fetching.deliver(fetching.submit(overwrite=True))  # 404
    original = fetching.stored()
    assert fetching.read_records()["_fetch/a.jpg"]["original"] == (
        original.etag if original else ""
    )
    assert fetching.get_state() is not None
    assert fetching.job_queue.get_state("a.jpg", original) == fetching.get_state()
    fetching.put(data=b"a third")
    assert fetching.job_queue.get_state("a.jpg", fetching.stored()) is None


def test_a_failure_is_recorded_even_if_the_original_cannot_be_read(fetching: Fetching) -> None:
    job = fetching.submit()
    events_of_s3().register(
        "before-call.s3", Failing("HeadObject", refusal("SlowDown", 503), times=99)
    )
    assert not fetching.deliver(job, attempts=8)
    record = fetching.read_records()["_fetch/a.jpg"]
    assert (record["reason"], record["original"]) == ("SlowDown", None)


class TestPurgingItsDeadLetters:
    @pytest.fixture(autouse=True)
    def _empty_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scan, "EMPTY_AFTER", 0)

    def purge(self, fetching: Fetching) -> None:
        queues, kind = fetching.queues, DlqKind.FETCH
        letters = DeadLetterQueue(queues.sqs, queues.dlq_url, ORIGINALS, kind)
        records = RecordCleaner(fetching.s3, "failures-bucket", "fetch", kind, ORIGINALS)
        assert letters.purge(on_deleted=records.clear).taken == 1

    def test_deletes_the_record(self, fetching: Fetching) -> None:
        assert not fetching.deliver(fetching.submit())  # 404
        assert fetching.get_state() is not None
        self.purge(fetching)
        assert (fetching.get_state(), fetching.read_records()) == (None, {})

    def test_leaves_a_job_submitted_meanwhile(self, fetching: Fetching) -> None:
        assert not fetching.deliver(fetching.submit())  # 404

        def submit_again(**_: Any) -> None:
            fetching.submit()

        fetching.s3.meta.events.register_first("before-call.s3.DeleteObject", submit_again)
        self.purge(fetching)
        state = fetching.get_state()
        assert state is not None
        assert state.state == "pending"

    def test_of_a_stopped_worker_ends_the_pending_state(self, fetching: Fetching) -> None:
        job = fetching.submit()
        fetching.queues.sqs.send_message(
            QueueUrl=fetching.queues.dlq_url, MessageBody=job.model_dump_json()
        )
        self.purge(fetching)
        assert fetching.read_records() == {}

    def test_leaves_a_later_job(self, fetching: Fetching) -> None:
        assert not fetching.deliver(fetching.submit())
        later = fetching.submit()
        self.purge(fetching)
        found = fetching.get_state()
        assert found is not None
        assert (found.state, found.ordered_at) == ("pending", later.ordered_at)
