"""The promise: when the queue is empty, every original has its current variant, nothing else has.

Hypothesis plays users, SQS and several workers, stops workers between any two calls to S3, and
looks for an order of things that breaks it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lib import images
from lib.errors import ConflictError, PermanentError, Reason, TransientError
from lib.sizes import Size
from lib.variants import Renderer
from tests.model_s3 import ModelS3

ORIGINALS, IMAGES = "originals-bucket", "images-bucket"
# One is enough: nothing that is done for a path touches another.
PATH = "a.jpg"
BROKEN = b"broken"
# Calls to S3 that a worker makes before somebody else has a turn; a whole attempt has five.
STEPS = st.sampled_from([1, 2, 3, 4, 100])
SIZE = Size(name="40x30", width=40, height=30)


def fake_render(source: bytes, size: Size) -> list[images.Rendition]:
    """As pure as the real one, and quick."""
    if source == BROKEN:
        raise PermanentError(Reason.UNSUPPORTED, "broken")
    return [images.Rendition(b"variant of " + source, "image/jpeg", 40, 30, 80, 60)]


class Paused(BaseException):
    """Stops a worker in front of its next call; no `except Exception` may catch it."""


@dataclass
class Attempt:
    """A worker that is under way on one path: what S3 has answered it so far.

    To take one step, the whole attempt runs again: it is given the answers that it had, then one
    call reaches S3, and the next one is not made. Nothing else that a worker reads can change.
    """

    s3: ModelS3
    path: str
    answered: list[Any] = field(default_factory=list)

    def step(self, renderer: Callable[[Any], Renderer]) -> str:
        """Make one more call: "under way", "done", "parked" or "returned"."""
        replay = Replay(self.s3, self.answered)
        try:
            renderer(replay).bring_up_to_date(self.path)
        except Paused:
            return "under way"
        except PermanentError:
            return "parked"
        except TransientError:
            return "returned"
        return "done"


class Replay:
    """An S3 client that repeats known answers, lets one new call through, and then stops."""

    def __init__(self, s3: ModelS3, answered: list[Any]) -> None:
        self._s3, self._answered = s3, answered
        self._position, self._may_call = 0, True

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            if self._position == len(self._answered):
                if not self._may_call:
                    raise Paused
                self._may_call = False
                self._answered.append(self._ask(method, arguments))
            answer = self._answered[self._position]
            self._position += 1
            if isinstance(answer, Exception):
                raise answer
            if "data" in answer:
                return {**answer, "Body": Stream(answer["data"])}
            return answer

        return call

    def _ask(self, method: str, arguments: dict[str, Any]) -> Any:
        try:
            return getattr(self._s3, method)(**arguments)
        except Exception as error:  # noqa: BLE001  an answer like any other
            return error


class Stream:
    """A body that can be read in every replay."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def read(self) -> bytes:
        return self._data


class Pipeline(RuleBasedStateMachine):
    """Users, a queue, and workers on one size."""

    renderer_type: type[Renderer] = Renderer

    def __init__(self) -> None:
        super().__init__()
        self.s3 = ModelS3()
        self.messages = 0
        self.workers: list[Attempt] = []

    def renderer(self, s3: Any) -> Renderer:
        return self.renderer_type(
            s3=s3,
            size=SIZE,
            originals_bucket=ORIGINALS,
            images_bucket=IMAGES,
            cache_control="",
            max_bytes=1000,
        )

    @initialize()
    def begin(self) -> None:
        """With a photo whose variant is there."""
        self.s3.put_object(Bucket=ORIGINALS, Key=f"originals/{PATH}", Body=b"one")
        self.renderer(self.s3).bring_up_to_date(PATH)

    @rule(data=st.sampled_from([b"one", b"one", b"two", BROKEN]))
    def upload(self, data: bytes) -> None:
        self.s3.put_object(Bucket=ORIGINALS, Key=f"originals/{PATH}", Body=data)
        self.messages += 1

    @rule()
    def remove(self) -> None:
        self.s3.delete_object(Bucket=ORIGINALS, Key=f"originals/{PATH}")
        self.messages += 1

    @precondition(lambda self: self.messages and len(self.workers) < 3)
    @rule(steps=STEPS)
    def deliver(self, steps: int) -> None:
        """Which of its messages comes first makes no difference: a path is all they say."""
        self.messages -= 1
        self.workers.append(Attempt(self.s3, PATH))
        self.work(which=-1, steps=steps)

    @precondition(lambda self: self.messages)
    @rule()
    def duplicate(self) -> None:
        self.messages += 1

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2), steps=STEPS)
    def work(self, which: int, steps: int) -> None:
        attempt = self.workers[which % len(self.workers)]
        for _ in range(steps):
            if self._ended(attempt):
                break

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2))
    def crash(self, which: int) -> None:
        """The worker is gone; its message becomes visible again."""
        self.workers.pop(which % len(self.workers))
        self.messages += 1

    def _ended(self, attempt: Attempt) -> bool:
        outcome = attempt.step(self.renderer)
        if outcome == "under way":
            return False
        self.workers.remove(attempt)
        self.messages += outcome == "returned"
        return True

    def teardown(self) -> None:
        """Let everything come to its end; then the promise must hold.

        Workers that are under way wait until the queue is empty: else its messages would mend
        what they break.
        """
        while self.workers or self.messages:
            if self.messages:
                self.messages -= 1
                self.workers.append(Attempt(self.s3, PATH))
            while not self._ended(self.workers[-1]):
                pass
        original = self.s3.objects.get((ORIGINALS, f"originals/{PATH}"))
        variant = self.s3.objects.get((IMAGES, f"40x30/{PATH}"))
        if original is None or original["data"] == BROKEN:
            assert variant is None, "a variant without its original"
        else:
            assert variant is not None, "no variant"
            assert variant["data"] == b"variant of " + original["data"], "stale"


class WithoutCheckAfterPut(Renderer):
    """Believes that its PUT was the last word."""

    def _check_original(self, path: str, etag: str | None) -> None:
        if etag is None:
            super()._check_original(path, etag)


class WithoutCheckAfterDelete(Renderer):
    """Believes that its DELETE was the last word."""

    def _check_original(self, path: str, etag: str | None) -> None:
        if etag is not None:
            super()._check_original(path, etag)


class WithoutStartingOver(Renderer):
    """Takes being beaten for being done."""

    def _check_original(self, path: str, etag: str | None) -> None:
        try:
            super()._check_original(path, etag)
        except ConflictError:
            return


def search(renderer_type: type[Renderer], examples: int) -> None:
    machine = type("Machine", (Pipeline,), {"renderer_type": renderer_type})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(autouse=True)
def quick_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "render_all", fake_render)


def test_the_promise_holds_whatever_the_order() -> None:
    search(Renderer, examples=400)


@pytest.mark.parametrize(
    "faulty", [WithoutCheckAfterPut, WithoutCheckAfterDelete, WithoutStartingOver]
)
def test_the_search_finds_the_fault_in_a_worker_that(faulty: type[Renderer]) -> None:
    with pytest.raises(AssertionError, match=r"stale|without its original|no variant"):
        search(faulty, examples=10_000)
