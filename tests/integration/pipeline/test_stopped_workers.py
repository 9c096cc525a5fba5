"""A photo that stops its worker each time: known by the record that its last attempt writes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from handlers import fetch, resize
from lib.errors import ProblemKind, RequestError
from lib.on_demand.variants import OnDemandVariants
from lib.operations.audit import Auditor
from lib.pipeline.put_options import PutOptions
from lib.uploads.status import StatusReader
from tests.integration.conftest import SIZE, Queues, WorkerCall
from tests.integration.fetch_stage import Fetching, fetching, web
from tests.integration.pipeline.test_failure_records import record, records
from tests.integration.pipeline.test_resize import Failing, put, refusal, variant
from tests.payloads import ORIGINALS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fetching", "web"]

LAST = 10


class StoppedError(BaseException):
    """What the runtime does to a worker; no `except Exception` may catch it."""


@pytest.fixture
def killer() -> Iterator[pytest.MonkeyPatch]:
    """Until it is undone, rendering stops the worker."""

    def stop(*_: Any) -> None:
        raise StoppedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lib.images.render_all", stop)
        yield patch


def stopped(deliver: WorkerCall, message: str, attempts: int = LAST) -> None:
    with pytest.raises(StoppedError):
        deliver(message, attempts=attempts)


def status(s3: "S3Client", path: str) -> tuple[str, str | None]:
    desk = StatusReader(
        s3,
        [SIZE],
        ORIGINALS,
        "images-bucket",
        "failures-bucket",
        "https://x",
    )
    told = desk.get(path).sizes["40x30"]
    return told.state, told.reason


@pytest.mark.parametrize("deep", [False, True])
def test_it_has_failed_by_status_and_audit(
    s3: "S3Client", deliver: WorkerCall, killer: pytest.MonkeyPatch, deep: bool
) -> None:
    stopped(deliver, put(s3, "a.jpg"))
    assert status(s3, "a.jpg") == ("failed", "worker_stopped")
    auditor = Auditor(s3, SIZE, PutOptions("x"), ORIGINALS, "images-bucket", "failures-bucket")
    assert [found.state for found in auditor.compare(deep=deep)] == ["failed"]


def test_it_is_not_rendered_on_demand(
    s3: "S3Client", deliver: WorkerCall, killer: pytest.MonkeyPatch
) -> None:
    stopped(deliver, put(s3, "a.jpg"))
    declared = OnDemandVariants(
        s3,
        ORIGINALS,
        "images-bucket",
        "failures-bucket",
        [SIZE],
        lambda _: resize._worker().reconciler,
    )
    with pytest.raises(RequestError, match="worker_stopped") as caught:
        declared.get_or_render("40x30", "a.jpg")
    assert caught.value.kind is ProblemKind.NOT_RENDERED


def test_another_upload_is_another_matter(
    s3: "S3Client", deliver: WorkerCall, killer: pytest.MonkeyPatch
) -> None:
    message = put(s3, "a.jpg")
    stopped(deliver, message)
    killer.undo()
    assert deliver(message) == []
    assert status(s3, "a.jpg")[0] == "ready"


def test_before_its_last_attempt_it_is_pending(
    s3: "S3Client", deliver: WorkerCall, killer: pytest.MonkeyPatch
) -> None:
    stopped(deliver, put(s3, "a.jpg"), attempts=LAST - 1)
    assert records(s3) == []
    assert status(s3, "a.jpg") == ("pending", None)


@pytest.mark.parametrize("is_current", [False, True])
def test_a_last_attempt_that_ends_well_leaves_no_record(
    s3: "S3Client", deliver: WorkerCall, is_current: bool
) -> None:
    message = put(s3, "a.jpg")
    if is_current:
        deliver(message)
    assert deliver(message, attempts=LAST) == []
    assert variant(s3, "a.jpg") is not None
    assert records(s3) == []


def test_a_last_attempt_that_fails_leaves_its_own_reason(
    s3: "S3Client", deliver: WorkerCall, queues: Queues
) -> None:
    assert deliver(put(s3, "a.jpg", b"no picture"), attempts=LAST) == []
    assert record(s3, "a.jpg")["reason"] == "unsupported"
    assert [letter["reason"] for letter in queues.dead_letters()] == ["unsupported"]


def test_a_record_that_cannot_be_left_stops_no_attempt(
    s3: "S3Client", deliver: WorkerCall, caplog: pytest.LogCaptureFixture
) -> None:
    message = put(s3, "a.jpg")
    resize._worker().reconciler.s3.meta.events.register(
        "before-call.s3", Failing("PutObject", refusal("AccessDenied", 403), times=1)
    )
    assert deliver(message, attempts=LAST) == []
    assert variant(s3, "a.jpg") is not None
    assert caplog.records[0].msg == "not done"


class TestAFetchJob:
    @pytest.fixture(autouse=True)
    def stopping(self, fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
        def stop(*_: Any) -> None:
            raise StoppedError

        monkeypatch.setattr(type(fetch._worker().fetcher), "_fetch", stop)

    def test_that_stops_its_worker_each_time_has_failed(self, fetching: Fetching) -> None:
        order = fetching.submit()
        with pytest.raises(StoppedError):
            fetching.deliver(order, attempts=8)
        state = fetching.get_state()
        assert state is not None
        assert (state.state, state.reason) == ("failed", "worker_stopped")

    def test_and_is_called_off_during_its_last_attempt_takes_back_what_it_wrote(
        self, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order = fetching.submit()

        def bring(fetcher: Any, *_: Any) -> Any:
            fetching.job_queue.cancel("a.jpg")
            boto3.client("s3").put_object(
                Bucket="originals-bucket",
                Key="originals/a.jpg",
                Body=b"x",
                Metadata={"fetch-order": order.id},
            )

        monkeypatch.setattr(type(fetch._worker().fetcher), "_fetch", bring)
        assert not fetching.deliver(order, attempts=8)
        assert fetching.data() is None
        assert fetching.read_records() == {}
