"""Messages that come again: why they do decides their place, and no untried one is parked."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from handlers import fetch, resize
from lib.pipeline.messages import MAX_UNTRIED_AGE
from lib.times import format_time
from tests.integration.conftest import Context, Queues, WorkerCall
from tests.integration.fetch_stage import Fetching, fetching, web
from tests.integration.pipeline.test_resize import Failing, logged, put, refusal, variant
from tests.payloads import sqs_batch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fetching", "web"]

SECONDS = 60
VISIBILITY = 901
LITTLE_TIME = 4


def handled(event: dict[str, Any], seconds: float = 60) -> list[str]:
    answer = resize.handler(event, Context(seconds))  # type: ignore[arg-type]
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def in_queue(queues: Queues) -> dict[str, Any]:
    """The batch that Lambda would make of what is in the size's queue."""
    found = queues.sqs.receive_message(
        QueueUrl=queues.url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    ).get("Messages", [])
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {
                    name: {"stringValue": each["StringValue"], "dataType": "String"}
                    for name, each in message.get("MessageAttributes", {}).items()
                },
            }
            for message in found
        ]
    }


def last_receive(message: str, **attributes: str) -> dict[str, Any]:
    event = sqs_batch(message, attempts=10)
    event["Records"][0]["messageAttributes"] = {
        name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()
    }
    return event


class TestAMessageThatWasNeverBegun:
    """SQS would park it after its last receive, and a photo that is well would be missing."""

    def test_is_put_into_its_queue_anew_and_then_rendered(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg")
        assert handled(last_receive(message), LITTLE_TIME) == []
        assert queues.dead_letters() == []
        event = in_queue(queues)
        assert [record["body"] for record in event["Records"]] == [message]
        assert handled(event) == []
        assert variant(s3, "a.jpg") is not None

    def test_comes_back_plainly_before_its_last_receive(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        assert deliver(put(s3, "a.jpg"), attempts=9, seconds=LITTLE_TIME) == ["message-0"]
        assert in_queue(queues)["Records"] == []

    def test_that_ran_out_of_time_after_its_bytes_came_is_put_in_anew_too(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        message, context = put(s3, "a.jpg"), Context()
        resize._worker().reconciler.s3.meta.events.register(
            "after-call.s3.GetObject", lambda **_: setattr(context, "seconds", LITTLE_TIME)
        )
        answer = resize.handler(last_receive(message), context)  # type: ignore[arg-type]
        assert answer == {"batchItemFailures": []}
        assert queues.dead_letters() == []
        assert len(in_queue(queues)["Records"]) == 1

    def test_leaves_no_failure_record(self, s3: "S3Client", deliver: WorkerCall) -> None:
        context = Context()
        resize._worker().reconciler.s3.meta.events.register(
            "before-call.s3.HeadObject", lambda **_: setattr(context, "seconds", LITTLE_TIME)
        )
        resize.handler(last_receive(put(s3, "a.jpg")), context)  # type: ignore[arg-type]
        assert s3.list_objects_v2(Bucket="failures-bucket")["KeyCount"] == 0

    def test_tells_since_when_through_all_of_its_copies(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        since = format_time(datetime.now(UTC) - timedelta(days=1))
        handled(last_receive(put(s3, "a.jpg"), untried_since=since), LITTLE_TIME)
        (record,) = in_queue(queues)["Records"]
        assert record["messageAttributes"]["untried_since"]["stringValue"] == since

    def test_for_days_is_parked_at_last(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        since = datetime.now(UTC) - MAX_UNTRIED_AGE - timedelta(minutes=1)
        event = last_receive(put(s3, "a.jpg"), untried_since=since.isoformat())
        assert handled(event, LITTLE_TIME) == []
        assert [letter["reason"] for letter in queues.dead_letters()] == ["no_time"]

    @pytest.mark.parametrize("since", ["yesterday", "2026-01-01", ""])
    def test_is_not_parked_for_what_no_worker_has_written(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues, since: str
    ) -> None:
        assert handled(last_receive(put(s3, "a.jpg"), untried_since=since), LITTLE_TIME) == []
        assert queues.dead_letters() == []

    def test_stays_where_the_copy_cannot_be_sent(
        self, s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
    ) -> None:
        message = put(s3, "a.jpg")
        resize._worker().queue.sqs.meta.events.register(
            "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
        )
        assert handled(last_receive(message), LITTLE_TIME) == ["message-0"]
        assert [line["reason"] for line in logged(capsys, "returned")] == ["ServiceUnavailable"]

    def test_is_told_the_operator(
        self, s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
    ) -> None:
        since = format_time(datetime.now(UTC) - timedelta(days=1))
        handled(last_receive(put(s3, "é.jpg"), untried_since=since), LITTLE_TIME)
        (line,) = logged(capsys, "renewed")
        assert (line["level"], line["message_id"]) == ("WARNING", "message-0")
        assert (line["path"], line["untried_since"]) == ("%C3%A9.jpg", since)

    def test_is_logged(
        self, s3: "S3Client", deliver: WorkerCall, capsys: pytest.CaptureFixture[str]
    ) -> None:
        handled(last_receive(put(s3, "a.jpg")), LITTLE_TIME)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["path"] for line in lines if line.get("message") == "renewed"] == ["a.jpg"]

    def test_takes_its_suspicion_along(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        handled(last_receive(put(s3, "a.jpg")), LITTLE_TIME)
        event = in_queue(queues)
        event["Records"] += sqs_batch(put(s3, "b.jpg"))["Records"]
        assert order_of(event) == ["b.jpg", "a.jpg"]

    def test_is_not_suspected_where_each_worker_returned_it(
        self, s3: "S3Client", deliver: WorkerCall, queues: Queues
    ) -> None:
        message = put(s3, "a.jpg")
        for attempts in range(1, 10):
            assert deliver(message, attempts=attempts, seconds=LITTLE_TIME) == ["message-0"]
        assert handled(last_receive(message), LITTLE_TIME) == []
        (record,) = in_queue(queues)["Records"]
        assert set(record["messageAttributes"]) == {"untried_since"}

    def test_an_order_to_fetch_is_put_in_anew_likewise(self, fetching: Fetching) -> None:
        order = fetching.submit()
        queues = fetching.queues
        queues.sqs.purge_queue(QueueUrl=queues.url)
        assert not fetching.deliver(order, attempts=8, seconds=LITTLE_TIME)
        assert queues.dead_letters() == []
        assert fetching.sent() == [order.model_dump_json()]
        state = fetching.get_state()
        assert state is not None
        assert state.state == "pending"

    def test_an_order_to_fetch_is_parked_at_last_likewise(self, fetching: Fetching) -> None:
        since = datetime.now(UTC) - MAX_UNTRIED_AGE - timedelta(minutes=1)
        assert not fetching.deliver(
            fetching.submit(), attempts=8, seconds=LITTLE_TIME, untried_since=since.isoformat()
        )
        assert [letter["reason"] for letter in fetching.queues.dead_letters()] == ["no_time"]

    def test_an_order_to_fetch_stays_where_the_copy_cannot_be_sent(
        self, fetching: Fetching
    ) -> None:
        order = fetching.submit()
        fetch._worker().queue.sqs.meta.events.register(
            "before-call.sqs", Failing("SendMessage", refusal("ServiceUnavailable", 503))
        )
        assert fetching.deliver(order, attempts=8, seconds=LITTLE_TIME)
        assert fetching.queues.dead_letters() == []


def order_of(event: dict[str, Any]) -> list[str]:
    """Paths in the order in which a batch works on them."""
    seen: list[str] = []
    renderer = type(resize._worker().reconciler)
    look = renderer.reconcile

    def note(self: Any, path: str, deadline: Any) -> Any:
        seen.append(path)
        return look(self, path, deadline)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderer, "reconcile", note)
        assert handled(event) == []
    return seen


class TestOneThatWasReceivedBefore:
    @pytest.fixture(autouse=True)
    def visibility(self, deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VISIBILITY_SECONDS", str(VISIBILITY))

    def batch(self, s3: "S3Client", *receives: tuple[int, float]) -> dict[str, Any]:
        """Messages 0.jpg, 1.jpg, …: how often each was received, seconds since the first time."""
        event = sqs_batch(*(put(s3, f"{number}.jpg") for number in range(len(receives))))
        for record, (count, seconds) in zip(event["Records"], receives, strict=True):
            first = datetime.now(UTC) - timedelta(seconds=seconds)
            record["attributes"]["ApproximateReceiveCount"] = str(count)
            record["attributes"]["ApproximateFirstReceiveTimestamp"] = str(
                int(first.timestamp() * 1000)
            )
        return event

    def overlaps(self, event: dict[str, Any], *, seconds: float = SECONDS) -> bool:
        """Whether two photos of a batch are under way at once; waits so long for the second."""
        together = threading.Barrier(2)
        met: list[bool] = []

        def meet(**_: Any) -> None:
            if met:
                return
            try:
                together.wait(timeout=seconds)
            except threading.BrokenBarrierError:
                return
            met.append(True)

        resize._worker().reconciler.s3.meta.events.register("before-call.s3.GetObject", meet)
        assert handled(event) == []
        return bool(met)

    def test_sooner_than_a_stopped_worker_would_let_it_is_worked_on_like_others(
        self, s3: "S3Client"
    ) -> None:
        assert self.overlaps(self.batch(s3, (9, VISIBILITY / 2), (2, 30)))

    def test_after_the_time_that_a_stopped_worker_hides_it_runs_alone(self, s3: "S3Client") -> None:
        assert not self.overlaps(self.batch(s3, (2, VISIBILITY), (2, VISIBILITY)), seconds=0.2)

    def test_without_a_word_of_when_runs_alone(self, s3: "S3Client") -> None:
        event = self.batch(s3, (2, 0), (2, 0))
        for record in event["Records"]:
            del record["attributes"]["ApproximateFirstReceiveTimestamp"]
        assert not self.overlaps(event, seconds=0.2)

    def test_and_may_have_stopped_a_worker_comes_last_and_leaves_the_rest_their_overlap(
        self, s3: "S3Client"
    ) -> None:
        receives = [(3, VISIBILITY * 2), (1, 0), (2, VISIBILITY), (9, 60), (1, 0)]
        seen = order_of(self.batch(s3, *receives))
        assert sorted(seen[:3]) == ["1.jpg", "3.jpg", "4.jpg"]
        assert seen[3:] == ["2.jpg", "0.jpg"]
        assert self.overlaps(self.batch(s3, (2, VISIBILITY), (1, 0), (4, 50)))

    @pytest.mark.parametrize("cause", ["SlowDown", "no_time"])
    def test_and_was_given_back_by_this_worker_is_worked_on_like_others(
        self, s3: "S3Client", cause: str
    ) -> None:
        first = self.batch(s3, (1, 0), (1, 0))
        if cause == "SlowDown":
            failing = Failing("HeadObject", refusal("SlowDown", 503), times=2)
            resize._worker().reconciler.s3.meta.events.register("before-call.s3", failing)
        assert len(handled(first, LITTLE_TIME if cause == "no_time" else 60)) == 2
        assert self.overlaps(self.batch(s3, (2, 2 * VISIBILITY), (2, 2 * VISIBILITY)))

    def test_and_given_back_before_somebody_else_was_stopped_by_it_runs_alone(
        self, s3: "S3Client"
    ) -> None:
        assert len(handled(self.batch(s3, (1, 0), (1, 0)), LITTLE_TIME)) == 2
        assert not self.overlaps(
            self.batch(s3, (3, 2 * VISIBILITY), (3, 2 * VISIBILITY)), seconds=0.2
        )

    def test_and_suspected_is_not_cleared_by_being_given_back(self, s3: "S3Client") -> None:
        assert len(handled(self.batch(s3, (2, VISIBILITY), (2, VISIBILITY)), LITTLE_TIME)) == 2
        assert not self.overlaps(
            self.batch(s3, (3, 2 * VISIBILITY), (3, 2 * VISIBILITY)), seconds=0.2
        )
