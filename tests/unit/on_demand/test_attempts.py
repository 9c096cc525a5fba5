"""Photos that stop the function that makes them on demand: once, however many visitors ask."""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lib import images
from lib.errors import PermanentError, Reason, RequestError, TransientError
from lib.on_demand import ATTEMPTS, ON_DEMAND
from lib.on_demand.attempts import Attempts
from lib.on_demand.variants import FoundVariant, OnDemandVariants
from lib.pipeline.put_options import PutOptions
from lib.pipeline.rechecks import RecheckQueue
from lib.pipeline.reconciler import VariantReconciler
from lib.pipeline.render_slots import RenderSlots
from lib.pipeline.telemetry import Telemetry
from lib.sizes import Size
from tests.model_s3 import ModelS3
from tests.payloads import ORIGINALS

IMAGES, FAILURES = "images-bucket", "failures-bucket"
SIZE = Size(name="40x30", width=40, height=30)
LONGEST = 25


class StoppedError(BaseException):
    """What ends a function; no `except Exception` may catch it."""


def rendered(source: bytes, size: Size, *_: Any) -> list[Any]:
    """As pure as the real one, and quick."""
    return [images.Rendition(b"variant of " + source, "image/jpeg", 40, 30, 80, 60)]


@dataclass
class Visitors:
    """Who asks for one photo at one size: S3 and SQS, what rendering does, and the time."""

    s3: Any = field(default_factory=ModelS3)
    sent: list[int] = field(default_factory=list)
    renders: int = 0
    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    calls: Counter[str] = field(default_factory=Counter)
    # What happens while a request waits.
    meanwhile: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.upload(b"one")

    def upload(self, data: bytes) -> None:
        self.s3.put_object(Bucket=ORIGINALS.bucket, Key="originals/a.jpg", Body=data)

    def ask(self, size: Size = SIZE) -> FoundVariant:
        return variants(self, self.now, self.wait, size).get_or_render(size.name, "a.jpg")

    def refused(self, size: Size = SIZE) -> str:
        with pytest.raises(RequestError) as caught:
            self.ask(size)
        assert caught.value.status == 404
        return str(caught.value)

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.meanwhile()

    def etag(self) -> str:
        stored = self.s3.head_object(Bucket=ORIGINALS.bucket, Key="originals/a.jpg")
        return str(stored["ETag"]).strip('"')

    def records(self) -> list[str]:
        return [key for bucket, key in self.s3.objects if bucket == FAILURES]

    def send_message(self, **arguments: Any) -> dict[str, Any]:
        self.sent.append(arguments["DelaySeconds"])
        return {}

    def __getattr__(self, method: str) -> Any:
        """A client of S3, which counts."""

        def call(**arguments: Any) -> Any:
            self.calls[method] += 1
            return getattr(self.s3, method)(**arguments)

        return call


def variants(
    client: Any, now: Callable[[], datetime], pause: Callable[[float], None], size: Size = SIZE
) -> OnDemandVariants:
    """The use case, with one client of both S3 and SQS."""
    rechecks = RecheckQueue(client, "queue", ORIGINALS, 85)
    attempts = Attempts(
        client, FAILURES, size, rechecks, LONGEST, Telemetry(ON_DEMAND), now=now, sleep=pause
    )
    renderer = VariantReconciler(
        s3=client,
        size=size,
        originals=ORIGINALS,
        images_bucket=IMAGES,
        put_options=PutOptions(""),
        max_bytes=1000,
        render_slots=RenderSlots(1000),
        recheck_queue=rechecks,
        record_attempt=attempts.record,
    )
    return OnDemandVariants(client, ORIGINALS, IMAGES, FAILURES, [size], lambda _: renderer)


@pytest.fixture
def visitors(monkeypatch: pytest.MonkeyPatch) -> Visitors:
    visitors = Visitors()

    def render_all(*arguments: Any) -> list[Any]:
        visitors.renders += 1
        return rendered(*arguments)

    monkeypatch.setattr(images, "render_all", render_all)
    return visitors


@pytest.fixture
def killing(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> Visitors:
    """Rendering stops the function."""

    def stop(*_: Any) -> None:
        visitors.renders += 1
        raise StoppedError

    monkeypatch.setattr(images, "render_all", stop)
    return visitors


def stopped(visitors: Visitors) -> Visitors:
    """One of them has asked, and it was the function's end."""
    with pytest.raises(StoppedError):
        visitors.ask()
    return visitors


class TestAPhotoThatKills:
    def test_kills_once_whenever_the_others_come(self, killing: Visitors) -> None:
        stopped(killing)
        for _ in range(20):
            with pytest.raises((RequestError, TransientError)):
                killing.ask()
            killing.time += timedelta(minutes=7)
        assert killing.renders == 1

    def test_is_left_to_a_worker_once(self, killing: Visitors) -> None:
        """No message of a queue may be behind it at all."""
        stopped(killing)
        killing.time += timedelta(seconds=LONGEST + 6)
        errors = {killing.refused() for _ in range(20)}
        assert killing.sent == [0]
        assert len(errors) == 1
        assert errors.pop().startswith("worker_stopped: memory or timeout stopped the function")

    def test_is_waited_for_while_it_may_be_under_way(self, killing: Visitors) -> None:
        stopped(killing)
        with pytest.raises(TransientError, match="another request"):
            killing.ask()
        assert killing.sent == []

    def test_is_a_workers_again_if_it_has_no_variant_after_an_hour(self, killing: Visitors) -> None:
        stopped(killing)
        for _ in range(3):
            killing.time += timedelta(hours=1, seconds=1)
            killing.refused()
            killing.refused()
        assert killing.sent == [0, 0, 0]
        assert killing.renders == 1

    def test_is_sent_again_if_sqs_has_not_taken_the_message(
        self, killing: Visitors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stopped(killing)
        killing.time += timedelta(minutes=1)

        def refuse(*_: Any, **__: Any) -> None:
            raise TransientError("busy", "SQS is busy")

        with monkeypatch.context() as patch:
            patch.setattr("lib.aws.sqs.send", refuse)
            with pytest.raises(TransientError, match="SQS is busy"):
                killing.ask()
        assert killing.sent == []
        killing.refused()
        assert killing.sent == [0]
        assert killing.renders == 1

    def test_is_another_photo_once_it_is_replaced(
        self, killing: Visitors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stopped(killing)
        killing.upload(b"two")
        monkeypatch.setattr(images, "render_all", rendered)
        assert killing.ask().made_now
        assert killing.records() == []

    def test_is_another_matter_for_another_recipe_and_for_another_size(
        self, killing: Visitors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stopped(killing)
        monkeypatch.setattr(images, "render_all", rendered)
        assert killing.ask(Size(name="20x15", width=20, height=15)).made_now
        killing.time += timedelta(minutes=1)
        assert killing.refused().startswith("worker_stopped")
        assert killing.ask(SIZE.model_copy(update={"height": 31})).made_now

    def test_is_found_once_a_worker_has_made_it(
        self, killing: Visitors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stopped(killing)
        worker = variants(killing, killing.now, killing.wait).get_reconciler(SIZE)
        monkeypatch.setattr(images, "render_all", rendered)
        VariantReconciler(
            **{**vars(worker), "recheck_queue": None, "record_attempt": None}
        ).reconcile("a.jpg")
        assert not killing.ask().made_now

    def test_is_tried_again_where_its_record_says_nothing(self, visitors: Visitors) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(images, "render_all", _stop)
            stopped(visitors)
        (key,) = visitors.records()
        visitors.s3.put_object(Bucket=FAILURES, Key=key, Body=b"{}")
        assert visitors.ask().made_now


def _stop(*_: Any) -> None:
    raise StoppedError


class TestTheProcess:
    """The function's process is killed in the middle of rendering, and S3 is not."""

    def test_that_dies_leaves_a_trace_which_the_next_one_heeds(self, visitors: Visitors) -> None:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_visit_and_die, args=[theirs])
        process.start()
        theirs.close()
        _serve(ours, visitors)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert [key.partition("/")[0] for key in visitors.records()] == [ATTEMPTS]
        visitors.time = datetime.now(UTC) + timedelta(seconds=LONGEST + 6)
        assert visitors.refused().startswith("worker_stopped")
        assert (visitors.renders, visitors.sent) == (0, [0])


class _Remote:
    """A client whose calls another process carries out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, method: str) -> Any:
        def call(**arguments: Any) -> Any:
            self._connection.send((method, arguments))
            answer = self._connection.recv()
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def _serve(connection: Connection, clients: Any) -> None:
    """Carry out calls until the other process is gone."""
    while True:
        try:
            method, arguments = connection.recv()
        except EOFError:
            return
        try:
            answer = getattr(clients, method)(**arguments)
        except ClientError as error:
            answer = error
        connection.send(answer)


def _visit_and_die(connection: Connection) -> None:
    images.render_all = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    variants(_Remote(connection), lambda: datetime.now(UTC), _stop).get_or_render("40x30", "a.jpg")


class TestOneThatDoesNot:
    def test_costs_a_put_and_a_delete_more(self, visitors: Visitors) -> None:
        plain = Visitors()
        renderer = variants(plain, plain.now, plain.wait).get_reconciler(SIZE)
        VariantReconciler(**{**vars(renderer), "record_attempt": None}).reconcile("a.jpg")
        renderer = variants(visitors, visitors.now, visitors.wait).get_reconciler(SIZE)
        renderer.reconcile("a.jpg")
        assert visitors.calls - plain.calls == Counter(put_object=1, delete_object=1)
        assert visitors.sent == plain.sent == [85]

    def test_leaves_nothing(self, visitors: Visitors) -> None:
        assert visitors.ask().made_now
        assert visitors.records() == []

    @pytest.mark.parametrize("error", [MemoryError(), TransientError("x", "y"), ValueError("bug")])
    def test_and_fails_leaves_nothing_either(
        self, visitors: Visitors, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def fail(*_: Any) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(images, "render_all", fail)
            with pytest.raises((TransientError, ValueError)):
                visitors.ask()
        assert visitors.records() == []
        assert visitors.ask().made_now

    def test_and_cannot_be_rendered_is_left_to_a_worker_once(
        self, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> None:
            visitors.renders += 1
            raise PermanentError(Reason.TRUNCATED, "half of it is missing")

        monkeypatch.setattr(images, "render_all", fail)
        assert {visitors.refused() for _ in range(5)} == {"truncated: half of it is missing"}
        assert (visitors.renders, visitors.sent) == (1, [0])

    def test_is_rendered_once_for_all_who_ask_at_once(self, visitors: Visitors) -> None:
        """The second one waits; in the meantime the first one ends."""
        first = variants(visitors, visitors.now, visitors.wait).get_reconciler(SIZE)
        assert first.record_attempt is not None
        under_way = ExitStack()
        under_way.enter_context(first.record_attempt("a.jpg", visitors.etag()))

        def end() -> None:
            VariantReconciler(**{**vars(first), "record_attempt": None}).reconcile("a.jpg")
            under_way.close()

        visitors.meanwhile = end
        assert not visitors.ask().made_now
        assert visitors.renders == 1

    def test_whose_record_cannot_be_deleted_is_returned_all_the_same(
        self, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(**_: Any) -> None:
            response: Any = {"Error": {"Code": "SlowDown"}}
            raise ClientError(response, "DeleteObject")

        monkeypatch.setattr(visitors.s3, "delete_object", refuse)
        assert visitors.ask().made_now
        assert len(visitors.records()) == 1

    def test_is_not_begun_where_its_record_cannot_be_left(
        self, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(**_: Any) -> None:
            response: Any = {"Error": {"Code": "SlowDown"}}
            raise ClientError(response, "PutObject")

        monkeypatch.setattr(visitors.s3, "put_object", refuse)
        with pytest.raises(TransientError, match="SlowDown"):
            visitors.ask()
        assert visitors.renders == 0
