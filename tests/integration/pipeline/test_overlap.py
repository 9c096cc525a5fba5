"""Photos of a batch overlap: some are fetched or stored while one is rendered."""

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from handlers import resize
from lib import images
from lib.pipeline.render_slots import RenderSlots
from lib.pipeline.worker import MAX_WORKERS
from tests.integration.conftest import Context, WorkerCall
from tests.integration.pipeline.test_resize import put, variant
from tests.payloads import sqs_batch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 60


def test_a_photo_is_fetched_while_another_is_rendered(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = threading.Semaphore(0)
    render_all = images.render_all

    def wait_for_the_other(*given: Any) -> Any:
        assert fetched.acquire(timeout=SECONDS), "no other photo was fetched meanwhile"
        assert fetched.acquire(timeout=SECONDS), "no other photo was fetched meanwhile"
        fetched.release(2)
        return render_all(*given)

    messages = [put(s3, "a.jpg"), put(s3, "b.jpg")]
    events = resize._worker().reconciler.s3.meta.events
    events.register("after-call.s3.GetObject", lambda **_: fetched.release())
    monkeypatch.setattr(images, "render_all", wait_for_the_other)
    assert deliver(*messages) == []


def test_four_photos_are_under_way_at_once_and_no_more(s3: "S3Client", deliver: WorkerCall) -> None:
    """More would only hold memory and connections: four keep the core busy."""
    together = threading.Barrier(MAX_WORKERS)
    threads: set[int] = set()

    def meet(**_: Any) -> None:
        threads.add(threading.get_ident())
        together.wait(timeout=SECONDS)

    messages = [put(s3, f"{number}.jpg") for number in range(2 * MAX_WORKERS)]
    resize._worker().reconciler.s3.meta.events.register("before-call.s3.GetObject", meet)
    assert deliver(*messages) == []
    assert len(threads) == MAX_WORKERS


def test_one_photo_is_rendered_at_a_time(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    render_all = images.render_all
    inside: list[int] = []

    def alone(*given: Any) -> Any:
        inside.append(1)
        assert len(inside) == 1, "two photos are rendered at once"
        renditions = render_all(*given)
        inside.pop()
        return renditions

    monkeypatch.setattr(images, "render_all", alone)
    assert deliver(*(put(s3, f"{number}.jpg") for number in range(10))) == []
    assert all(variant(s3, f"{number}.jpg") for number in range(10))


def test_what_waited_for_its_turn_too_long_is_not_rendered_and_comes_again_at_once(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    context = Context()
    resize._worker().reconciler.s3.meta.events.register(
        "after-call.s3.GetObject", lambda **_: setattr(context, "seconds", 4)
    )
    changed: list[int] = []
    resize._worker().queue.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: changed.append(params["VisibilityTimeout"]),
    )
    answer = resize.handler(sqs_batch(put(s3, "a.jpg")), context)  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert variant(s3, "a.jpg") is None
    assert changed == [0]


class TestRenderSlots:
    def test_bytes_wait_until_memory_is_free(self) -> None:
        render_slots, entered = RenderSlots(100), threading.Event()

        def second() -> None:
            with render_slots.hold_bytes(50):
                entered.set()

        with render_slots.hold_bytes(60):
            thread = threading.Thread(target=second)
            thread.start()
            assert not entered.wait(0.1)
        assert entered.wait(SECONDS)
        thread.join()

    def test_a_photo_larger_than_the_memory_is_held_alone(self) -> None:
        render_slots = RenderSlots(100)
        with render_slots.hold_bytes(1000):
            pass
        with render_slots.hold_bytes(100), render_slots.acquire():
            pass

    def test_memory_is_freed_after_a_failure(self) -> None:
        render_slots = RenderSlots(100)
        with (
            pytest.raises(ValueError, match="no"),
            render_slots.hold_bytes(100),
            render_slots.acquire(),
        ):
            raise ValueError("no")
        started = time.monotonic()
        with render_slots.hold_bytes(100), render_slots.acquire():
            assert time.monotonic() - started < SECONDS
