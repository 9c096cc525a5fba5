"""The promise: when the queue is empty, every original has its current variant, nothing else has.

And the CDN holds no other one, nor a signed picture of another original. Hypothesis plays users,
visitors, SQS and several workers, stops workers between any two calls, lets writes land late,
batches run out of time and buckets be missing for a moment, and looks for an order of things that
breaks it.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lib import images
from lib.aws import s3 as objects
from lib.aws.error_mapping import map_errors
from lib.errors import (
    ConflictError,
    NoTimeError,
    PermanentError,
    Reason,
    RequestError,
    TransientError,
)
from lib.on_demand import ON_DEMAND
from lib.on_demand.attempts import Attempts
from lib.pipeline.deadline import UNLIMITED, Deadline
from lib.pipeline.focus import read_focus
from lib.pipeline.invalidation_queue import InvalidationQueue
from lib.pipeline.invalidations import parse_invalidation
from lib.pipeline.put_options import PutOptions
from lib.pipeline.rechecks import RecheckQueue
from lib.pipeline.reconciler import ReconcileResult, VariantReconciler, Variants
from lib.pipeline.render_slots import RenderSlots
from lib.pipeline.telemetry import Telemetry
from lib.sizes import Size
from tests.model_s3 import ModelS3
from tests.payloads import ORIGINALS

pytestmark = pytest.mark.slow

IMAGES, FAILURES = "images-bucket", "failures-bucket"
# One is enough: nothing that is done for a path touches another.
PATH = "a.jpg"
BROKEN = b"broken"
VARIANT = f"40x30/{PATH}"
# Calls that a worker makes before somebody else has a turn; a whole attempt has five or six.
STEPS = st.sampled_from([1, 100, 2, 100, 3, 4])
# Whether the next write is one whose answer never comes.
LATE = st.sampled_from([False, False, False, True])
INVALIDATIONS = "invalidations"
SIZE = Size(name="40x30", width=40, height=30)
OTHER_PHOTOS = Size.model_validate({**SIZE.model_dump(), "except": [PATH]})
CROPPED = SIZE.model_copy(update={"position": "focus"})
FOCUSES = ["0.1,0.2", "0.3,0.4"]
TELEMETRY = Telemetry(ON_DEMAND)


def fake_render(
    source: bytes,
    size: Size,
    focus: images.Focus | None,
    watermark: images.WatermarkImage | None,
) -> list[images.Rendition]:
    """As pure as the real one, and quick."""
    if source == BROKEN:
        raise PermanentError(Reason.UNSUPPORTED, "broken")
    if focus:
        # The third photo has the ratio of the box, so that its crop is all of it.
        source += b"" if source == b"three" else f" at {focus[0]},{focus[1]}".encode()
    return [images.Rendition(b"variant of " + source, "image/jpeg", 40, 30, 80, 60)]


S3_CALLS = ("head_object", "get_object", "put_object", "delete_object")


class Paused(BaseException):
    """Stops a worker in front of its next call; no `except Exception` may catch it."""


@dataclass
class World:
    """Everything that a worker can change."""

    s3: ModelS3 = field(default_factory=ModelS3)
    invalidations: list["QueuedInvalidation"] = field(default_factory=list)
    rechecks: list["Attempt"] = field(default_factory=list)
    # The CDN's copy of the variant; which originals it has signed pictures of, each at a URL of
    # its own.
    cdn: bytes | None = None
    signed: set[bytes] = field(default_factory=set)

    def variant(self) -> bytes | None:
        """The bytes in the images bucket."""
        stored = self.s3.objects.get((IMAGES, VARIANT))
        return stored["data"] if stored else None

    def original(self) -> bytes | None:
        """The bytes in the originals bucket; None for such as cannot be rendered."""
        stored = self.s3.objects.get((ORIGINALS.bucket, f"originals/{PATH}"))
        return stored["data"] if stored and stored["data"] != BROKEN else None

    def focus(self) -> images.Focus | None:
        """The focal point of the original."""
        stored = self.s3.objects.get((ORIGINALS.bucket, f"originals/{PATH}"))
        return read_focus(stored["Metadata"]) if stored else None

    def visit(self) -> None:
        """Somebody looks at the picture; what is not cached comes from the bucket.

        And somebody has a signed URL that nobody has asked for before.
        """
        self.cdn = self.cdn or self.variant()
        if original := self.original():
            self.signed.add(original)

    def forget(self, queued: "QueuedInvalidation") -> None:
        """What the CDN is told to forget."""
        self.signed.clear()
        if not queued.signed_only:
            self.cdn = None


class QueuedInvalidation(NamedTuple):
    """A queued invalidation, and the attempt that queued it."""

    attempt: "Attempt"
    signed_only: bool


@dataclass(eq=False)
class Attempt:
    """A worker that is under way on one path: what it was answered so far.

    To go on, the whole attempt runs again: it is given the answers that it had, then some calls
    are made for real, and the next one is not made. Nothing else that a worker reads can change.
    `flying` is a write that was sent and has not been carried out; after `ends_after` calls the
    time of its batch is over, and S3 is not asked any more. One that is `on_demand` has no
    message: nobody tries again what it did not bring to its end.
    """

    world: World
    on_demand: bool = False
    answered: list[Any] = field(default_factory=list)
    ends_after: int | None = None
    flying: Callable[[], Any] | None = None

    def go_on(
        self, reconciler: Callable[[Any], VariantReconciler], calls: float, *, late: bool = False
    ) -> str:
        """Make so many more calls: "under way", "done", "parked", "refused" or "returned"."""
        replay = Replay(self, calls, late=late)
        try:
            reconciler(replay).reconcile(PATH)
        except Paused:
            return "under way"
        except PermanentError:
            return "parked"
        except RequestError:
            return "refused"
        except TransientError:
            return "returned"
        return "done"

    def land(self) -> None:
        """The write that was under way is carried out, or refused, at last."""
        if self.flying:
            with suppress(ClientError):  # refused: the answer reaches nobody
                self.flying()
            self.flying = None


class Replay:
    """Clients of S3 and SQS that repeat known answers, let new calls through, and then stop."""

    def __init__(self, attempt: Attempt, calls: float, *, late: bool) -> None:
        self._attempt, self._calls, self._late = attempt, calls, late
        self.on_demand = attempt.on_demand
        self._position = 0

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            answered, ends_after = self._attempt.answered, self._attempt.ends_after
            if ends_after is not None and self._position >= ends_after and method in S3_CALLS:
                raise NoTimeError
            if self._position == len(answered):
                if not self._calls:
                    raise Paused
                self._calls -= 1
                answered.append(self._ask(method, arguments))
            answer = answered[self._position]
            self._position += 1
            if isinstance(answer, Exception):
                raise answer
            if "data" in answer:
                return {**answer, "Body": Stream(answer["data"])}
            return answer

        return call

    def _ask(self, method: str, arguments: dict[str, Any]) -> Any:
        if method == "send_message":
            world = self._attempt.world
            if arguments["QueueUrl"] == INVALIDATIONS:
                body = parse_invalidation(arguments["MessageBody"])
                assert body is not None
                world.invalidations.append(QueuedInvalidation(self._attempt, body.signed_only))
            else:
                world.rechecks.append(self._attempt)
            return {}
        operation = partial(getattr(self._attempt.world.s3, method), **arguments)
        if self._late and method in ("put_object", "delete_object"):
            self._attempt.flying = operation
            return ReadTimeoutError(endpoint_url="https://s3")
        try:
            return operation()
        except Exception as error:  # noqa: BLE001  an answer like any other
            return error


class Stream:
    """A body that can be read in every replay."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def close(self) -> None:
        """Nothing to close."""

    def read(self, _: int) -> bytes:
        data, self._data = self._data, b""
        return data


class Pipeline(RuleBasedStateMachine):
    """Users, a queue, and workers on one size."""

    reconciler_type: type[VariantReconciler] = VariantReconciler
    size = SIZE

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.messages = 0
        self.workers: list[Attempt] = []
        self.landing: list[Attempt] = []

    def reconciler(self, client: Any) -> VariantReconciler:
        return self.reconciler_type(
            s3=client,
            size=self.size,
            originals=ORIGINALS,
            images_bucket=IMAGES,
            put_options=PutOptions(""),
            max_bytes=1000,
            render_slots=RenderSlots(1000),
            invalidation_queue=InvalidationQueue(client, INVALIDATIONS, 60, signed=True),
            recheck_queue=RecheckQueue(client, "rechecks", ORIGINALS, 60)
            if client.on_demand
            else None,
        )

    @initialize()
    def begin(self) -> None:
        """With a photo that nobody has looked at yet."""
        self.upload(b"one")

    @rule(data=st.sampled_from([b"one", b"two", BROKEN]))
    def upload(self, data: bytes) -> None:
        self.world.s3.put_object(Bucket=ORIGINALS.bucket, Key=f"originals/{PATH}", Body=data)
        self.messages += 1

    @rule()
    def remove(self) -> None:
        self.world.s3.delete_object(Bucket=ORIGINALS.bucket, Key=f"originals/{PATH}")
        self.messages += 1

    @precondition(lambda self: len(self.workers) < 3)
    @rule(steps=STEPS, late=LATE)
    def deliver(self, steps: int, late: bool) -> None:
        """A message, or one of them once more: which makes no difference, a path is all it says."""
        self.messages = max(0, self.messages - 1)
        self.workers.append(Attempt(self.world))
        self.work(which=-1, steps=steps, late=late)

    @precondition(lambda self: len(self.workers) < 3)
    @rule(steps=STEPS, late=LATE)
    def ask(self, steps: int, late: bool) -> None:
        """A visitor misses the picture: it is made without any message."""
        self.workers.append(Attempt(self.world, on_demand=True))
        self.work(which=-1, steps=steps, late=late)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2), steps=STEPS, late=LATE)
    def work(self, which: int, steps: int, late: bool) -> None:
        """And somebody looks at the picture afterwards."""
        self._ended(self.workers[which % len(self.workers)], steps, late=late)
        self.world.visit()

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2))
    def crash(self, which: int) -> None:
        """The worker is gone; its message, if it had one, becomes visible again."""
        self.messages += not self.workers.pop(which % len(self.workers)).on_demand

    @precondition(lambda self: self.landing)
    @rule()
    def land(self) -> None:
        """Only then its message comes again: it waited longer than any write is under way."""
        attempt = self.landing.pop(0)
        attempt.land()
        self.messages += not attempt.on_demand
        self.world.visit()

    @precondition(lambda self: self.world.rechecks)
    @rule()
    def check(self) -> None:
        """The first check message whose writer has come to its end."""
        for attempt in self.world.rechecks:
            if attempt not in self.workers and attempt not in self.landing:
                self.world.rechecks.remove(attempt)
                self.messages += 1
                return

    @precondition(lambda self: self.world.invalidations)
    @rule()
    def invalidate(self) -> None:
        """The oldest body whose writer has come to its end."""
        for queued in self.world.invalidations:
            if queued.attempt not in self.workers and queued.attempt not in self.landing:
                self.world.invalidations.remove(queued)
                self.world.forget(queued)
                self.world.visit()
                return

    def _ended(self, attempt: Attempt, steps: float = math.inf, *, late: bool = False) -> bool:
        outcome = attempt.go_on(self.reconciler, steps, late=late)
        if outcome == "under way":
            return False
        self.workers.remove(attempt)
        if attempt.flying:
            self.landing.append(attempt)
        else:
            self.messages += outcome == "returned" and not attempt.on_demand
        return True

    def teardown(self) -> None:
        """Let everything come to its end; then the promise must hold.

        Workers that are under way wait until the queue is empty, and writes until these have
        ended: else their messages would mend what they break.
        """
        while self.workers or self.messages or self.landing or self.world.rechecks:
            if not (self.workers or self.messages or self.landing):
                self.check()
            if self.messages:
                self.messages -= 1
                self.workers.append(Attempt(self.world))
            elif not self.workers:
                self.land()
                continue
            self._ended(self.workers[-1])
        for queued in self.world.invalidations:
            self.world.forget(queued)
        original, variant = self.world.original(), self.world.variant()
        expected = self.expected()
        if expected is None:
            assert variant is None, "a variant without its original"
        else:
            assert variant is not None, "no variant"
            assert variant == expected, "stale"
        assert self.world.cdn in (None, variant), "stale at the CDN"
        assert self.world.signed <= {original}, "stale at a signed URL"

    def expected(self) -> bytes | None:
        """The variant that has to be there in the end."""
        original = self.world.original()
        if original is None:
            return None
        focus = self.world.focus() if self.size.has_focus else None
        return fake_render(original, self.size, focus, None)[0].data


class PipelineWithMishaps(Pipeline):
    """Where batches run out of time as well, and S3 misses its buckets."""

    @precondition(lambda self: any(not worker.on_demand for worker in self.workers))
    @rule(which=st.integers(0, 2))
    def run_out_of_time(self, which: int) -> None:
        """The batch is nearly over: no further call is begun, and the message comes again."""
        attempts = [worker for worker in self.workers if not worker.on_demand]
        attempt = attempts[which % len(attempts)]
        attempt.ends_after = len(attempt.answered)
        self._ended(attempt)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2))
    def miss_a_bucket(self, which: int) -> None:
        """S3 says for a moment that there is no such bucket."""
        attempt = self.workers[which % len(self.workers)]
        self.world.s3.is_missing = True
        ended = self._ended(attempt, 1)
        self.world.s3.is_missing = False
        if not ended:
            self._ended(attempt, 1)


class PipelineWithAttempts(Pipeline):
    """Where requests leave a record while they render, and heed those of others."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def reconciler(self, client: Any) -> VariantReconciler:
        made = super().reconciler(client)
        if made.recheck_queue is None:
            return made
        attempts = Attempts(
            client,
            FAILURES,
            SIZE,
            made.recheck_queue,
            25,
            TELEMETRY,
            now=lambda: self.now,
            sleep=lambda _: None,
        )
        return replace(made, record_attempt=attempts.record)

    @rule(seconds=st.sampled_from([31, 3601]))
    def pass_time(self, seconds: int) -> None:
        """Requests that are under way have been stopped by then."""
        for attempt in [each for each in self.workers if each.on_demand]:
            self.workers.remove(attempt)
        self.now += timedelta(seconds=seconds)


class PipelineOfOtherPhotos(PipelineWithMishaps):
    """Where the size is of other photos from now on, and has a variant from before.

    Messages are rechecks and removals; workers of the stage before may still write.
    """

    def reconciler(self, client: Any) -> VariantReconciler:
        made = super().reconciler(client)
        if made.recheck_queue:
            return made  # its function was not deployed yet, and its recheck follows
        return replace(made, size=OTHER_PHOTOS)

    @initialize()
    def begin(self) -> None:
        super().begin()
        self.world.s3.put_object(Bucket=IMAGES, Key=VARIANT, Body=b"variant of one", Metadata={})
        self.world.visit()

    def expected(self) -> bytes | None:
        return None


class WithoutPurgeOfOtherPhotos(VariantReconciler):
    """Deletes variants of other photos without a word to the CDN."""

    def _queue_follow_ups(self, path: str, changed: list[str]) -> None:
        if self.size.applies_to(path):
            super()._queue_follow_ups(path, changed)


class PipelineWithFocus(Pipeline):
    """Where users change the focal point, which leaves the ETag as it is."""

    size = CROPPED

    @rule(focus=st.sampled_from([None, *FOCUSES]))
    def set_focus(self, focus: str | None) -> None:
        """A copy of the original to itself, with other metadata; S3 publishes an event."""
        stored = self.world.s3.objects.get((ORIGINALS.bucket, f"originals/{PATH}"))
        if stored is None:
            return
        self.world.s3.put_object(
            Bucket=ORIGINALS.bucket,
            Key=f"originals/{PATH}",
            Body=stored["data"],
            Metadata={} if focus is None else {"focus": focus},
        )
        self.messages += 1

    @rule(focus=st.sampled_from(FOCUSES))
    def upload_with_focus(self, focus: str) -> None:
        """Each with the ratio of the box: then all crops are the same."""
        self.world.s3.put_object(
            Bucket=ORIGINALS.bucket,
            Key=f"originals/{PATH}",
            Body=b"three",
            Metadata={"focus": focus},
        )
        self.messages += 1


class WithoutFocusInTheCheck(VariantReconciler):
    """Believes that the original is the same if its ETag is, when it has written."""

    def _check_original(self, path: str, source: str | None) -> None:
        original = objects.head_confirmed(self.s3, ORIGINALS.bucket, f"originals/{path}")
        if (original.etag if original else None) != (source and source.partition(" ")[0]):
            raise ConflictError("the original changed meanwhile")


class WithoutFocusInTheRead(VariantReconciler):
    """Believes S3 that the original was not modified, if its ETag is the same."""

    def _get_original(
        self, path: str, variants: Variants
    ) -> objects.Download | objects.NotModified | None:
        source = self._variant_metadata.find_common_source(list(variants.values()))
        etag = source and source.partition(" ")[0]
        return objects.get(self.s3, ORIGINALS.bucket, f"originals/{path}", unless_etag=etag)


class WithoutInvalidationBehindTheSameBytes(VariantReconciler):
    """Believes that signed images show no other original if the variant's bytes stay the same."""

    def _may_hide_another(self, variants: Variants, stale: Iterable[str], source: str) -> bool:
        return any(variants[key] is None for key in stale)


class WithoutCheckAfterPut(VariantReconciler):
    """Believes that its PUT was the last word."""

    def _check_original(self, path: str, source: str | None) -> None:
        if source is None:
            super()._check_original(path, source)


class WithoutCheckAfterDelete(VariantReconciler):
    """Checks nothing after its DELETE."""

    def _check_original(self, path: str, source: str | None) -> None:
        if source is not None:
            super()._check_original(path, source)


class WithoutStartingOver(VariantReconciler):
    """Treats a conflict as success."""

    def _check_original(self, path: str, source: str | None) -> None:
        try:
            super()._check_original(path, source)
        except ConflictError:
            return


class WithoutConditionOnPut(VariantReconciler):
    """Writes over whatever is there by now."""

    def _put(
        self,
        key: str,
        variant: objects.StoredObject | None,
        rendition: images.Rendition,
        source: str,
    ) -> None:
        metadata = self._variant_metadata.build(source, rendition)
        with map_errors("PUT", conditional_write=True):
            self.s3.put_object(
                Bucket=IMAGES,
                Key=key,
                Body=rendition.data,
                CacheControl=self.put_options.cache_control,
                Metadata=metadata,
            )


class TakingNoTimeForDone(VariantReconciler):
    """Lets its message go though there was no time to end what it began."""

    def reconcile(self, path: str, deadline: Deadline = UNLIMITED) -> ReconcileResult:
        try:
            return super().reconcile(path, deadline)
        except NoTimeError:
            return ReconcileResult("absent")


class TakingABucketForItsObjects(VariantReconciler):
    """Believes that an original is gone whatever it is that S3 says is missing."""

    def reconcile(self, path: str, deadline: Deadline = UNLIMITED) -> ReconcileResult:
        try:
            return super().reconcile(path, deadline)
        except TransientError as error:
            if error.reason != "NoSuchBucket":
                raise
            return ReconcileResult("absent")


class WithoutRecheck(VariantReconciler):
    """Sends no recheck, though it works outside of a queue."""

    def _queue_recheck(self, path: str) -> None:
        """Do nothing."""


class WithoutInvalidations(VariantReconciler):
    """Queues no invalidation."""

    def _queue_invalidation(self, changed: list[str]) -> None:
        """Do nothing."""


class WithoutInvalidationBeforeTheFirstVariant(VariantReconciler):
    """Believes that the CDN has nothing of what never had a variant."""

    def _may_hide_another(self, variants: Variants, stale: Iterable[str], source: str) -> bool:
        return any(variants[key] is not None for key in stale) and super()._may_hide_another(
            variants, stale, source
        )


class WithoutInvalidationOfARestoredOriginal(VariantReconciler):
    """Believes that an original with the same bytes was never another."""

    def _was_written_again(self, variants: Variants, original: objects.NotModified) -> bool:
        return False


class WithoutInvalidationOfSignedImages(VariantReconciler):
    """Invalidates only variants."""

    def _queue_signed_invalidation(self, variant_keys: Iterable[str]) -> None:
        """Do nothing."""


class WithInvalidationAfterTheWrite(VariantReconciler):
    """Queues the body when the work is done, if it gets that far."""

    def _queue_invalidation(self, changed: list[str]) -> None:
        """Do nothing yet."""

    def _check_original(self, path: str, source: str | None) -> None:
        super()._queue_invalidation([VARIANT])
        super()._check_original(path, source)


def search(
    reconciler_type: type[VariantReconciler],
    pipeline: type[Pipeline] = Pipeline,
    *,
    examples: int,
    start: int = 0,
) -> None:
    machine = seed(start)(type("Machine", (pipeline,), {"reconciler_type": reconciler_type}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(autouse=True)
def quick_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "render_all", fake_render)


@pytest.fixture(autouse=True)
def reads_without_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No body here is slow, and a thread for each took a fifth of the time."""
    monkeypatch.setattr(objects, "_read_within", lambda body, _: body.read(1))


@pytest.fixture(autouse=True)
def same_search_whatever_is_loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A seed leads to the same search beside other tests as alone.

    Hypothesis tries the constants that stand in the modules that happen to be loaded.
    """
    monkeypatch.setattr(providers, "_get_local_constants", Constants)
    providers.CONSTANTS_CACHE.cache.clear()
    yield
    providers.CONSTANTS_CACHE.cache.clear()


@pytest.mark.parametrize(
    "pipeline",
    [
        Pipeline,
        PipelineWithMishaps,
        PipelineWithAttempts,
        PipelineOfOtherPhotos,
        PipelineWithFocus,
    ],
)
def test_the_promise_holds_whatever_the_order(pipeline: type[Pipeline]) -> None:
    # Twice what a profile has for other tests: an order of things is rarer than a value.
    search(VariantReconciler, pipeline, examples=2 * settings().max_examples)


# Where the search begins, so that it comes upon each fault within seconds. From elsewhere it comes
# upon it too, but later: as from these, once a rule or Hypothesis has changed. To find new ones,
# with as many examples that the first of them are the same:
#
#     for start in range(100):
#         begun = process_time()
#         with suppress(AssertionError):
#             search(WithoutInvalidations, Pipeline, examples=500, start=start)
#         print(start, process_time() - begun)
@pytest.mark.parametrize(
    ("faulty", "pipeline", "start"),
    [
        (WithoutCheckAfterPut, Pipeline, 4),
        (WithoutCheckAfterDelete, Pipeline, 25),
        (WithoutStartingOver, Pipeline, 4),
        (WithoutConditionOnPut, Pipeline, 16),
        (WithoutRecheck, Pipeline, 8),
        (WithoutInvalidations, Pipeline, 0),
        (WithoutInvalidationBeforeTheFirstVariant, Pipeline, 13),
        (WithoutInvalidationOfARestoredOriginal, Pipeline, 22),
        (WithoutInvalidationOfSignedImages, Pipeline, 0),
        (WithInvalidationAfterTheWrite, Pipeline, 4),
        (WithoutFocusInTheCheck, PipelineWithFocus, 10),
        (WithoutFocusInTheRead, PipelineWithFocus, 2),
        (TakingNoTimeForDone, PipelineWithMishaps, 10),
        (TakingABucketForItsObjects, PipelineWithMishaps, 8),
        (WithoutPurgeOfOtherPhotos, PipelineOfOtherPhotos, 0),
    ],
)
def test_the_search_finds_the_fault_in_a_worker(
    faulty: type[VariantReconciler], pipeline: type[Pipeline], start: int
) -> None:
    with pytest.raises(AssertionError, match=r"stale|without its original|no variant"):
        search(faulty, pipeline, examples=30_000, start=start)


def play_a_photo_between_equal_crops(reconciler_type: type[VariantReconciler]) -> None:
    """Somebody has a signed URL of it; the crop that comes back has the bytes it had before."""
    machine = type("Machine", (PipelineWithFocus,), {"reconciler_type": reconciler_type})()
    machine.upload_with_focus(FOCUSES[0])
    machine.deliver(steps=100, late=False)
    machine.invalidate()
    machine.upload(b"one")
    machine.deliver(steps=1, late=False)
    machine.upload_with_focus(FOCUSES[1])
    machine.teardown()


def test_a_photo_between_equal_crops_is_shown_nowhere_in_the_end() -> None:
    play_a_photo_between_equal_crops(VariantReconciler)


def test_without_invalidation_behind_the_same_bytes_it_is_shown() -> None:
    # Played because a search takes thousands of examples to come upon it.
    with pytest.raises(AssertionError, match="stale at a signed URL"):
        play_a_photo_between_equal_crops(WithoutInvalidationBehindTheSameBytes)
