"""The fetch function on moto: each order ends as a photo, as called off, or as a dead letter."""

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
from lib.errors import ConfigError, RequestError, TransientError
from lib.fetching import fetcher
from lib.fetching.jobs import JOB_LIFETIME, FetchState
from lib.fetching.records import FetchRecord, FetchRecords
from lib.images.limits import MAX_BYTES
from lib.keys import check_path
from lib.operations.dead_letters import DeadLetterQueue, DlqKind, RecordCleaner, scan
from lib.pipeline.failure_records import FailureRecords
from lib.sizes import Size
from tests.integration.fetch_stage import PHOTO, Fetching, events_of_s3, fetching, web
from tests.integration.pipeline.test_resize import Failing, refusal
from tests.integration.pipeline.test_retries import Answering
from tests.payloads import payload, s3_event
from tests.web_server import answer, chunked, redirect

__all__ = ["fetching", "web"]  # fixtures

SECRET = "hunter2"  # noqa: S105  stands for one
LARGE = bytes(range(256)) * (4 << 10)  # a MiB: many reads and many writes
TIMEOUT = ReadTimeoutError(endpoint_url="https://s3")


class TestAnOrder:
    def test_becomes_an_original_and_leaves_nothing_else(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO, Content_Type="image/png; q=1")
        order = fetching.order("2026/é 😀 a+b.jpg")
        assert fetching.sent() == [order.model_dump_json()]
        pending = FetchState(state="pending", ordered_at=order.ordered_at)
        assert fetching.look("2026/é 😀 a+b.jpg") == pending
        assert not fetching.deliver(order)
        found = fetching.original("2026/é 😀 a+b.jpg")
        assert found["Body"].read() == PHOTO
        assert found["ContentType"] == "image/png"
        assert found["Metadata"] == {"fetch-order": order.id}
        assert fetching.look("2026/é 😀 a+b.jpg") is None
        assert (fetching.notes(), fetching.queues.dead_letters()) == ({}, [])

    def test_for_a_large_photo_is_written_at_once(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(LARGE)
        order = fetching.order()
        calls: list[str] = []
        events_of_s3().register("before-call.s3", lambda model, **_: calls.append(model.name))
        assert not fetching.deliver(order)
        found = fetching.original()
        assert found["Body"].read() == LARGE
        assert found["Metadata"] == {"fetch-order": order.id}
        assert found["ContentType"] == "image/jpeg"
        written = ["GetObject", "HeadObject", "GetObject", "PutObject"]
        assert calls == [*written, "GetObject", "DeleteObject"]

    @pytest.mark.parametrize("said", ["", "application/octet-stream", "binary/octet-stream"])
    def test_takes_a_file_of_unknown_type_for_the_renderer_to_judge(
        self, fetching: Fetching, said: str
    ) -> None:
        fetching.web.pages["/photo.jpg"] = chunked(PHOTO, Content_Type=said)
        assert not fetching.deliver(fetching.order())
        assert fetching.original()["ContentType"] == "application/octet-stream"

    def test_replaces_a_photo_where_that_was_asked_for(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        fetching.put()
        assert not fetching.deliver(fetching.order(overwrite=True))
        assert fetching.data() == PHOTO

    def test_delivered_twice_asks_the_server_once(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        order = fetching.order()
        assert not fetching.deliver(order)
        assert not fetching.deliver(order)
        assert len(fetching.web.heads) == 1
        assert fetching.queues.dead_letters() == []

    def test_with_little_time_left_comes_back_untouched(
        self, fetching: Fetching, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert fetching.deliver(fetching.order(), seconds=10)
        assert fetching.web.heads == []
        assert caplog.records[0].__dict__["reason"] == "no_time"


@pytest.mark.parametrize(
    ("said", "reason"),
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
def test_what_can_never_be_fetched_is_parked_at_once_and_shown(
    fetching: Fetching, caplog: pytest.LogCaptureFixture, said: bytes, reason: str
) -> None:
    fetching.web.pages[f"/?{SECRET}"] = said
    order = fetching.order("ü/bad one.jpg", f"/?{SECRET}")
    assert not fetching.deliver(order, attempts=2)
    (letter,) = fetching.queues.dead_letters()
    assert letter["body"] == order.model_dump_json()
    assert (letter["reason"], letter["attempts"]) == (reason, "2")
    assert unquote(letter["path"]) == "ü/bad one.jpg"
    assert letter["path"].isascii()
    assert letter["failed_at"].endswith("+00:00")
    assert "size" not in letter
    assert fetching.original("ü/bad one.jpg") is None
    state = fetching.look("ü/bad one.jpg")
    assert state is not None
    assert (state.state, state.reason, state.error) == ("failed", reason, unquote(letter["error"]))
    record = FailureRecords(fetching.s3, "failures-bucket", "_fetch").read("ü/bad one.jpg")
    assert record is not None
    assert (record.attempts, record.failed_at) == (2, state.failed_at)
    assert order.ordered_at < record.began_at < record.failed_at
    # The letter's body is the order itself; nothing else may repeat what is in its URL.
    told = json.dumps([fetching.notes(), {**letter, "body": ""}, state.model_dump(mode="json")])
    assert SECRET not in told + caplog.text + repr([vars(record) for record in caplog.records])
    assert SECRET not in repr(order)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(b"", "503 Busy"), "source_failed"),
        (answer(PHOTO)[:-1], "source_truncated"),
        (chunked(LARGE, end=b""), "source_truncated"),
        (b"", "source_unreachable"),
    ],
)
def test_what_may_come_later_is_tried_again_with_a_delay_and_parked_at_last(
    fetching: Fetching, said: bytes, reason: str
) -> None:
    fetching.web.pages["/photo.jpg"] = said
    order = fetching.order()
    changed: list[Any] = []
    fetch._worker().queue.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: changed.append(params),
    )
    assert fetching.deliver(order, attempts=3)
    (change,) = changed
    assert change["ReceiptHandle"] == payload("sqs_fetch_order")["Records"][0]["receiptHandle"]
    assert 10 <= change["VisibilityTimeout"] <= 20
    assert fetching.original() is None
    assert fetching.queues.dead_letters() == []
    assert fetching.look() == FetchState(state="pending", ordered_at=order.ordered_at)
    assert not fetching.deliver(order, attempts=8)
    (letter,) = fetching.queues.dead_letters()
    assert (letter["reason"], letter["attempts"]) == (reason, "8")
    state = fetching.look()
    assert state is not None
    assert (state.state, state.reason) == ("failed", reason)


def test_a_slow_server_is_left_when_the_functions_time_is_nearly_over(fetching: Fetching) -> None:
    def silent(_: Callable[[bytes], None], stop: Any) -> None:
        stop.wait()

    fetching.web.pages["/photo.jpg"] = silent
    order = fetching.order()
    assert fetching.deliver(order, seconds=10.3)
    assert fetching.queues.dead_letters() == []


def test_a_replayed_dead_letter_is_tried_like_a_new_order(fetching: Fetching) -> None:
    order = fetching.order()
    assert not fetching.deliver(order)
    (letter,) = fetching.queues.dead_letters()
    fetching.web.pages["/photo.jpg"] = answer(PHOTO)
    assert not fetching.deliver(letter["body"])
    assert fetching.data() == PHOTO
    assert fetching.notes() == {}


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
def test_a_message_that_is_no_order_is_parked_and_nothing_in_it_is_fetched(
    fetching: Fetching, body: str
) -> None:
    web_ = f"127.0.0.1:{fetching.web.port}"
    message = body.format(web=web_, secret=SECRET, id="0" * 32) if "{" in body else body
    assert not fetching.deliver(message)
    (letter,) = fetching.queues.dead_letters()
    assert (letter["reason"], letter["body"]) == ("malformed_event", message)
    assert "path" not in letter
    assert f"http://{web_}" not in unquote(letter["error"])
    assert (fetching.web.heads, fetching.notes()) == ([], {})


@pytest.mark.parametrize("path", ["../a.jpg", "a//b.jpg", "/a.jpg", "x" * 1015, "a/"])
def test_an_order_for_a_path_that_cannot_be_is_parked(fetching: Fetching, path: str) -> None:
    order = fetching.order().model_copy(update={"path": path})
    assert not fetching.deliver(order)
    assert [letter["reason"] for letter in fetching.queues.dead_letters()] == ["bad_key"]
    assert fetching.web.heads == []


def test_an_order_that_the_desk_has_not_given_fetches_nothing(fetching: Fetching) -> None:
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
    assert not fetching.deliver(fetching.order())
    assert [letter["reason"] for letter in fetching.queues.dead_letters()] == ["address_refused"]
    assert fetching.web.heads == []


class TestAPathThatIsTaken:
    def test_beforehand_is_seen_before_the_download(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        fetching.put()
        assert not fetching.deliver(fetching.order())
        (letter,) = fetching.queues.dead_letters()
        assert letter["reason"] == "path_taken"
        assert fetching.web.heads == []
        assert fetching.data() == b"another"

    def test_meanwhile_is_left_as_it_is(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        order = fetching.order()
        before_the_original("PutObject", fetching.put)
        assert not fetching.deliver(order)
        assert [each["reason"] for each in fetching.queues.dead_letters()] == ["path_taken"]
        assert fetching.data() == b"another"

    def test_meanwhile_and_may_be_replaced_is_looked_at_anew(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        order = fetching.order(overwrite=True)
        before_the_original("PutObject", fetching.put)
        assert fetching.deliver(order)
        assert fetching.data() == b"another"
        assert not fetching.deliver(order)
        assert fetching.data() == PHOTO


class TestAnOrderThatIsNotWantedAnyMore:
    """A deletion or a later order has come."""

    @pytest.fixture(autouse=True)
    def photo(self, fetching: Fetching) -> None:
        fetching.web.pages["/photo.jpg"] = answer(PHOTO)

    def test_before_it_began_asks_no_server(
        self, fetching: Fetching, caplog: pytest.LogCaptureFixture
    ) -> None:
        order = fetching.order()
        fetching.desk.cancel("a.jpg")
        assert fetching.look() is None
        assert not fetching.deliver(order)
        assert fetching.web.heads == []
        assert (fetching.notes(), fetching.queues.dead_letters()) == ({}, [])
        assert [record.msg for record in caplog.records] == ["cancelled"]

    def test_while_it_downloaded_writes_nothing(self, fetching: Fetching) -> None:
        photo = fetching.web.pages["/photo.jpg"]

        def cancel_and_send(send: Callable[[bytes], None], _: Any) -> None:
            fetching.desk.cancel("a.jpg")
            assert isinstance(photo, bytes)
            send(photo)

        fetching.web.pages["/photo.jpg"] = cancel_and_send
        order = fetching.order()
        written: list[Any] = []
        events_of_s3().register("before-call.s3.PutObject", lambda **_: written.append(1))
        assert not fetching.deliver(order)
        assert (fetching.original(), written) == (None, [])
        assert (fetching.notes(), fetching.queues.dead_letters()) == ({}, [])

    def test_in_the_moment_of_its_write_is_taken_back(self, fetching: Fetching) -> None:
        order = fetching.order()
        before_the_original("PutObject", lambda: fetching.desk.cancel("a.jpg"))
        assert not fetching.deliver(order)
        assert (fetching.original(), fetching.notes()) == (None, {})

    def test_and_replaced_by_somebody_elses_photo_leaves_that(self, fetching: Fetching) -> None:
        order = fetching.order()
        fetching.desk.cancel("a.jpg")
        fetching.put()
        assert not fetching.deliver(order)
        assert fetching.data() == b"another"

    def test_does_not_fail_any_more(self, fetching: Fetching) -> None:
        def cancel_and_refuse(send: Callable[[bytes], None], _: Any) -> None:
            fetching.desk.cancel("a.jpg")
            send(answer(b"", "404 Not Found"))

        fetching.web.pages["/photo.jpg"] = cancel_and_refuse
        assert not fetching.deliver(fetching.order())
        assert (fetching.notes(), fetching.queues.dead_letters()) == ({}, [])

    def test_stays_called_off_when_its_dead_letter_is_replayed(self, fetching: Fetching) -> None:
        order = fetching.order(page="/missing.jpg")
        assert not fetching.deliver(order)
        fetching.desk.cancel("a.jpg")
        assert (fetching.look(), fetching.notes()) == (None, {})
        fetching.web.heads.clear()
        assert not fetching.deliver(order)
        assert fetching.web.heads == []

    def test_gives_way_to_a_later_order(self, fetching: Fetching) -> None:
        first, second = fetching.order(page="/large.jpg"), fetching.order()
        assert not fetching.deliver(first)
        assert (fetching.original(), fetching.web.heads) == (None, [])
        state = fetching.look()
        assert state == FetchState(state="pending", ordered_at=second.ordered_at)
        assert not fetching.deliver(second)
        assert fetching.data() == PHOTO

    def test_leaves_the_later_orders_mark_when_it_fails_itself(self, fetching: Fetching) -> None:
        later: list[Any] = []

        def order_and_refuse(send: Callable[[bytes], None], _: Any) -> None:
            later.append(fetching.order())
            send(answer(b"", "404 Not Found"))

        fetching.web.pages["/missing.jpg"] = order_and_refuse
        assert not fetching.deliver(fetching.order(page="/missing.jpg"))
        state = fetching.look()
        assert state == FetchState(state="pending", ordered_at=later[0].ordered_at)

    def test_leaves_the_mark_of_an_order_that_comes_while_it_is_parked(
        self, fetching: Fetching
    ) -> None:
        order = fetching.order(page="/missing.jpg")
        later: list[Any] = []
        fetch._worker().queue.sqs.meta.events.register(
            "before-call.sqs.SendMessage", lambda **_: later.append(fetching.order())
        )
        assert not fetching.deliver(order)
        state = fetching.look()
        assert state == FetchState(state="pending", ordered_at=later[0].ordered_at)

    def test_whose_write_was_not_answered_is_looked_after_once_it_has_landed(
        self, fetching: Fetching
    ) -> None:
        order = fetching.order()

        def land_unanswered(params: Any, **_: Any) -> None:
            if params["Bucket"] == "originals-bucket":
                fetching.desk.cancel("a.jpg")
                fetching.s3.put_object(**params)
                raise TIMEOUT

        events_of_s3().register("provide-client-params.s3.PutObject", land_unanswered)
        assert fetching.deliver(order)
        assert fetching.data() == PHOTO
        assert not fetching.deliver(order)
        assert (fetching.original(), fetching.notes()) == (None, {})


def test_a_write_that_was_not_answered_is_waited_for_and_known_again(fetching: Fetching) -> None:
    fetching.web.pages["/photo.jpg"] = answer(LARGE)
    order = fetching.order()
    changed: list[int] = []
    fetch._worker().queue.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: changed.append(params["VisibilityTimeout"]),
    )

    def no_answer(**_: Any) -> None:
        raise TIMEOUT

    events_of_s3().register("after-call.s3.PutObject", no_answer)
    assert fetching.deliver(order)
    assert changed == [60]
    assert not fetching.deliver(order)
    assert fetching.data() == LARGE
    assert len(fetching.web.heads) == 1
    assert (fetching.notes(), fetching.queues.dead_letters()) == ({}, [])


def test_the_sdk_does_not_repeat_a_write_that_was_not_answered(fetching: Fetching) -> None:
    fetching.web.pages["/photo.jpg"] = answer(LARGE)
    order = fetching.order()
    answering: Any = Answering(TIMEOUT)
    events_of_s3().register_first("before-send.s3.PutObject", answering)
    assert fetching.deliver(order)
    assert answering.sent == 1
    events_of_s3().unregister("before-send.s3.PutObject", answering)
    assert not fetching.deliver(order)
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
    order = fetching.order()
    events_of_s3().register("before-call.s3", Failing(operation, refusal(code, status)))
    assert fetching.deliver(order)
    assert fetching.queues.dead_letters() == []
    assert not fetching.deliver(order)
    assert fetching.data() == PHOTO
    assert fetching.notes() == {}


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
        count = 100_000
        data = b"ab" * count
        chunks = (data[at : at + size] for at in range(0, len(data), size))
        fetching.web.pages["/photo.jpg"] = chunked(*chunks)
        order = fetching.order()
        held: list[int] = []
        tracemalloc.start()
        try:
            events_of_s3().register(
                "before-call.s3.PutObject",
                lambda **_: held.append(tracemalloc.get_traced_memory()[1]),
            )
            assert not fetching.deliver(order)
        finally:
            tracemalloc.stop()
        assert fetching.data() == data
        # A bytes object of two bytes has 35, and its place in a list 8.
        assert held[0] < 20 * count

    @pytest.mark.parametrize(
        ("said", "failing"),
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
    def test_is_gone_however_the_order_ends(
        self,
        fetching: Fetching,
        made: list[IO[bytes]],
        tmp_path: Path,
        said: bytes,
        failing: str,
    ) -> None:
        fetching.web.pages["/photo.jpg"] = said
        order = fetching.order()
        events_of_s3().register("before-call.s3", Failing(failing, refusal("SlowDown", 503)))
        fetching.deliver(order)
        assert [file.closed for file in made] == [True]
        assert list(tmp_path.iterdir()) == []

    def test_that_finds_no_room_on_the_disk_is_tried_again(
        self, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Full(BytesIO):
            def write(self, _: object) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

        fetching.web.pages["/photo.jpg"] = answer(PHOTO)
        order = fetching.order()
        with monkeypatch.context() as context:
            context.setattr(fetcher, "TemporaryFile", Full)
            assert fetching.deliver(order)
            assert not fetching.deliver(order, attempts=8)
        (letter,) = fetching.queues.dead_letters()
        assert letter["reason"] == "disk_full"

    def test_is_no_larger_than_what_is_ever_rendered(
        self, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MAX_UPLOAD_BYTES", str(5 << 30))
        fetch._worker.cache_clear()
        fetching.web.pages["/photo.jpg"] = answer(Content_Length=str(MAX_BYTES + 1))
        assert not fetching.deliver(fetching.order())
        (letter,) = fetching.queues.dead_letters()
        assert letter["reason"] == "too_many_bytes"
        assert f"the limit is {MAX_BYTES:,}" in unquote(letter["error"])


def test_a_dead_letter_that_cannot_be_sent_keeps_the_order_in_its_queue(
    fetching: Fetching,
) -> None:
    order = fetching.order()
    fetch._worker().queue.sqs.meta.events.register(
        "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
    )
    assert fetching.deliver(order, attempts=8)
    state = fetching.look()
    assert state is not None
    assert (state.state, state.reason) == ("failed", "worker_stopped")  # SQS will move it
    assert not fetching.deliver(order, attempts=8)
    assert len(fetching.queues.dead_letters()) == 1


def test_a_record_that_cannot_be_written_stops_nothing(
    fetching: Fetching, caplog: pytest.LogCaptureFixture
) -> None:
    order = fetching.order()
    events_of_s3().register("before-call.s3", Failing("PutObject", refusal("AccessDenied", 403)))
    assert not fetching.deliver(order)
    assert len(fetching.queues.dead_letters()) == 1
    assert "not done" in [record.msg for record in caplog.records]


def test_our_own_bugs_cost_no_order_and_tell_no_url(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = fetching.order(page=f"/?{SECRET}")

    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(fetcher, "_write_chunks", fail)
    fetching.web.pages[f"/?{SECRET}"] = answer(PHOTO)
    assert fetching.deliver(order, attempts=7)
    assert not fetching.deliver(order, attempts=8)
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
        order = fetching.order(path, overwrite=overwrite)
        fetch._worker.cache_clear()
        crash = CrashAt(number, moment)
        with suppress(KeyboardInterrupt):
            assert not fetching.deliver(order)
        if crash.calls < number:
            break
        assert fetching.data(path) in (b"another" if overwrite else None, PHOTO)
        assert not fetching.deliver(order)
        assert fetching.data(path) == PHOTO
        assert fetching.look(path) is None
    # Mark, original; mark, write; mark, clearing of it.
    assert number > 6
    assert fetching.notes() == {}
    assert fetching.queues.dead_letters() == []


class TestTheDesk:
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
        desk = fetching.desk
        with pytest.raises(RequestError) as caught:
            type(desk)(desk.s3, desk.failures_bucket, desk.sqs, desk.queue_url).submit("a.jpg", url)
        assert (caught.value.status, caught.value.kind) == (422, "bad_url")
        assert SECRET not in str(caught.value)
        assert (fetching.sent(), fetching.notes()) == ([], {})

    @pytest.mark.parametrize("path", ["../a.jpg", "", "x" * 1015])
    def test_refuses_what_can_be_no_path(self, fetching: Fetching, path: str) -> None:
        with pytest.raises(RequestError) as caught:
            fetching.order(path)
        assert (caught.value.status, caught.value.kind) == (422, "bad_path")
        assert fetching.notes() == {}

    def test_takes_back_the_mark_of_an_order_that_it_could_not_send(
        self, fetching: Fetching
    ) -> None:
        fetching.queues.sqs.meta.events.register(
            "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
        )
        with pytest.raises(TransientError, match="SendMessage"):
            fetching.order()
        assert (fetching.notes(), fetching.sent()) == ({}, [])

    def test_writes_the_mark_first(self, fetching: Fetching) -> None:
        fetching.queues.sqs.meta.events.register(
            "before-call.sqs",
            Failing("SendMessage", KeyboardInterrupt()),  # type: ignore[arg-type]
        )
        with pytest.raises(KeyboardInterrupt):
            fetching.order()
        assert list(fetching.notes()) == ["_fetch/a.jpg"]

    def test_keeps_the_url_out_of_the_mark(self, fetching: Fetching) -> None:
        order = fetching.order(page=f"/?{SECRET}")
        assert set(fetching.notes()["_fetch/a.jpg"]) == {"id", "ordered_at", "cancelled"}
        assert SECRET in order.url

    def test_knows_of_nothing_where_nothing_was_ordered(self, fetching: Fetching) -> None:
        assert fetching.look() is None
        fetching.desk.cancel("a.jpg")
        assert fetching.notes() == {}

    def test_says_of_an_order_that_no_queue_holds_any_more_that_it_failed(
        self, fetching: Fetching
    ) -> None:
        marks = FetchRecords(fetching.s3, "failures-bucket")
        for age, state in (
            (JOB_LIFETIME - timedelta(minutes=1), "pending"),
            (JOB_LIFETIME, "failed"),
        ):
            ordered_at = datetime.now(UTC) - age
            marks.put("a.jpg", FetchRecord(id="0" * 32, ordered_at=ordered_at))
            found = fetching.look()
            assert found is not None
            assert found.state == state
        assert found is not None
        assert (found.reason, found.failed_at) == ("worker_stopped", ordered_at + JOB_LIFETIME)

    @pytest.mark.parametrize("note", [b"", b"null", b"{}", b"\xff", b"[" * 10_000])
    def test_takes_what_is_no_mark_for_none(self, fetching: Fetching, note: bytes) -> None:
        fetching.s3.put_object(Bucket="failures-bucket", Key="_fetch/a.jpg", Body=note)
        assert fetching.look() is None
        fetching.desk.cancel("a.jpg")
        fetching.order()
        assert fetching.look() is not None

    def test_calling_off_twice_is_calling_off_once(self, fetching: Fetching) -> None:
        fetching.order()
        for _ in range(2):
            fetching.desk.cancel("a.jpg")
            assert fetching.look() is None


def test_no_size_can_be_called_as_the_marks_folder_is() -> None:
    check_path("_fetch/a.jpg")
    with pytest.raises(ValueError, match="name"):
        Size(name="_fetch", width=1, height=1)


def test_the_log_says_what_was_fetched_and_what_failed_and_metrics_cost_nothing(
    fetching: Fetching, capsys: pytest.CaptureFixture[str]
) -> None:
    fetching.web.pages["/photo.jpg"] = answer(PHOTO)
    fetching.deliver(fetching.order())
    fetching.deliver(fetching.order("b.jpg", "/missing.jpg"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert not [line for line in lines if "_aws" in line]
    told = {line["message"]: line for line in lines}
    assert told["fetched"]["bytes_in"] == len(PHOTO)
    assert told["parked"]["reason"] == "source_refused"
    assert told["fetched"]["size"] == told["parked"]["size"] == "_fetch"


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
    order = fetching.desk.submit("a.jpg", fetching.web.url(host="rebinding.test"))
    assert not fetching.deliver(order)
    assert (fetching.data(), len(asked)) == (PHOTO, 1)


def before_the_original(operation: str, act: Callable[[], None]) -> None:
    """Do something between the worker's last look and its write of the original."""
    pending = [act]

    def step_in(params: Any, **_: Any) -> None:
        if params["Bucket"] == "originals-bucket" and pending:
            pending.pop()()

    events_of_s3().register(f"provide-client-params.s3.{operation}", step_in)


@pytest.mark.parametrize("data", [None, b"another"])
def test_a_failure_notes_which_photo_was_there(fetching: Fetching, data: bytes | None) -> None:
    """Status shows it only as long as that is so."""
    if data:
        fetching.put(data=data)
    assert not fetching.deliver(fetching.order(overwrite=True))  # 404
    there = fetching.stored()
    assert fetching.notes()["_fetch/a.jpg"]["original"] == (there.etag if there else "")
    assert fetching.look() is not None
    assert fetching.desk.get_state("a.jpg", there) == fetching.look()
    fetching.put(data=b"a third")
    assert fetching.desk.get_state("a.jpg", fetching.stored()) is None


def test_a_failure_is_noted_where_nobody_can_say_which_photo_is_there(fetching: Fetching) -> None:
    order = fetching.order()
    events_of_s3().register(
        "before-call.s3", Failing("HeadObject", refusal("SlowDown", 503), times=99)
    )
    assert not fetching.deliver(order, attempts=8)
    note = fetching.notes()["_fetch/a.jpg"]
    assert (note["reason"], note["original"]) == ("SlowDown", None)


class TestPurgingItsDeadLetters:
    @pytest.fixture(autouse=True)
    def _empty_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scan, "EMPTY_AFTER", 0)

    def purge(self, fetching: Fetching) -> None:
        letters = DeadLetterQueue(fetching.queues.sqs, fetching.queues.dlq_url, DlqKind.FETCH)
        records = RecordCleaner(fetching.s3, "failures-bucket", "fetch", DlqKind.FETCH)
        assert letters.purge(forget=records.clear).taken == 1

    def test_takes_what_is_known_of_the_order_away(self, fetching: Fetching) -> None:
        assert not fetching.deliver(fetching.order())  # 404
        assert fetching.look() is not None
        self.purge(fetching)
        assert (fetching.look(), fetching.notes()) == (None, {})

    def test_leaves_an_order_that_comes_meanwhile(self, fetching: Fetching) -> None:
        assert not fetching.deliver(fetching.order())  # 404

        def order_anew(**_: Any) -> None:
            fetching.order()

        fetching.s3.meta.events.register_first("before-call.s3.DeleteObject", order_anew)
        self.purge(fetching)
        state = fetching.look()
        assert state is not None
        assert state.state == "pending"

    def test_of_one_whose_worker_was_stopped_takes_it_from_waiting(
        self, fetching: Fetching
    ) -> None:
        order = fetching.order()
        fetching.queues.sqs.send_message(
            QueueUrl=fetching.queues.dlq_url, MessageBody=order.model_dump_json()
        )
        self.purge(fetching)
        assert fetching.notes() == {}

    def test_leaves_a_later_order(self, fetching: Fetching) -> None:
        assert not fetching.deliver(fetching.order())
        later = fetching.order()
        self.purge(fetching)
        found = fetching.look()
        assert found is not None
        assert (found.state, found.ordered_at) == ("pending", later.ordered_at)
