"""Dead letters: what they say, seen once, replayed or purged, and never lost on the way."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lib.aws import sqs as edge
from lib.dead_letters import scan
from lib.dead_letters.letter import DeadLetter, DlqKind, Filter
from lib.dead_letters.queue import DeadLetterQueue
from lib.dead_letters.summary import summarize
from lib.errors import ConfigError, PermanentError, Reason, TransientError
from lib.pipeline import messages
from tests.integration.conftest import Queues
from tests.integration.parked import body, hidden, park, park_many, stored
from tests.payloads import ORIGINALS

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ODD = "2026/é 😀/a+b %2F&?#'\n.jpg"


@pytest.fixture(autouse=True)
def _known_to_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto has one server: a queue is empty as soon as nothing comes."""
    monkeypatch.setattr(scan, "EMPTY_AFTER", 0)


@pytest.fixture
def dlq(queues: Queues) -> DeadLetterQueue:
    return DeadLetterQueue(queues.sqs, queues.dlq_url, ORIGINALS)


def seen(dlq: DeadLetterQueue) -> list[DeadLetter]:
    with dlq.scan() as scanned:
        return [letter for batch in scanned for letter in batch]


class Refusing:
    """Makes SQS refuse an operation's messages, by the number in the batch."""

    def __init__(self, sqs: "SQSClient", operation: str, refused: set[str]) -> None:
        self.refused = refused
        sqs.meta.events.register(f"before-parameter-build.sqs.{operation}", self.leave_out)
        sqs.meta.events.register(f"after-call.sqs.{operation}", self.refuse)

    def leave_out(self, params: dict[str, Any], **_: Any) -> None:
        params["Entries"] = [e for e in params["Entries"] if e["Id"] not in self.refused]

    def refuse(self, parsed: dict[str, Any], **_: Any) -> None:
        parsed["Failed"] = [{"Id": each, "Code": "InternalError"} for each in self.refused]


class TestALetter:
    def test_of_a_worker_says_what_the_worker_knew(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        park(queues.dlq_url, ODD)
        (letter,) = seen(dlq)
        assert (letter.reason, letter.path, letter.size) == ("truncated", ODD, "40x30")
        assert letter.error == "it breaks off:\nupload it again"
        assert letter.attempts == 3
        assert letter.failed_at == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
        assert abs(letter.sent_at - datetime.now(UTC)) < timedelta(minutes=1)

    def test_without_a_reason_was_moved_by_sqs(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody=body(ODD))
        (letter,) = seen(dlq)
        assert (letter.reason, letter.path) == ("worker_stopped", ODD)
        assert (letter.error, letter.attempts, letter.failed_at) == ("", None, None)

    def test_that_sqs_moved_again_does_not_repeat_the_error_of_an_earlier_failure(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        def moved(parsed: dict[str, Any], **_: Any) -> None:
            for message in parsed.get("Messages", []):
                message["Attributes"]["DeadLetterQueueSourceArn"] = "arn:aws:sqs:::size"

        park(queues.dlq_url, "a.jpg")
        queues.sqs.meta.events.register("after-call.sqs.ReceiveMessage", moved)
        (letter,) = seen(dlq)
        assert (letter.reason, letter.error, letter.attempts) == ("worker_stopped", "", None)
        assert letter.path == "a.jpg"

    def test_that_sns_could_not_deliver_says_why_in_the_error_of_sns(self, queues: Queues) -> None:
        queues.sqs.send_message(
            QueueUrl=queues.dlq_url,
            MessageBody=body(ODD),
            MessageAttributes={
                "ErrorMessage": {"DataType": "String", "StringValue": "100% denied"},
                "Number": {"DataType": "Binary", "BinaryValue": b"\0"},
            },
        )
        (letter,) = seen(
            DeadLetterQueue(queues.sqs, queues.dlq_url, ORIGINALS, DlqKind.SUBSCRIPTION)
        )
        assert (letter.reason, letter.path, letter.error) == ("undelivered", ODD, "100% denied")

    def test_of_an_invalidation_names_the_variant(self, queues: Queues) -> None:
        for text in (json.dumps({"paths": ["/40x30/a%20b.jpg", "/40x30.webp/a%20b.jpg"]}), "null"):
            queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody=text)
        found = seen(DeadLetterQueue(queues.sqs, queues.dlq_url, ORIGINALS, DlqKind.PURGE))
        assert [letter.reason for letter in found] == ["not_purged", "not_purged"]
        assert {letter.path for letter in found} == {"40x30/a b.jpg", ""}

    def test_of_an_invalidation_that_cloudfront_refused_says_so(self, queues: Queues) -> None:
        message = messages.SqsMessage("id", '{"paths": ["/40x30/a%7Eb.jpg"]}', "receipt", 1)
        error = PermanentError(Reason.PATH_REFUSED, "it has a ~ in it")
        messages.send_to_dlq(queues.sqs, queues.dlq_url, message, "40x30/a~b.jpg", error)
        (letter,) = seen(DeadLetterQueue(queues.sqs, queues.dlq_url, ORIGINALS, DlqKind.PURGE))
        assert (letter.reason, letter.error) == ("path_refused", "it has a ~ in it")
        assert (letter.path, letter.attempts) == ("40x30/a~b.jpg", 1)

    @pytest.mark.parametrize("text", ["no event", "{}", '{"Event": "s3:TestEvent"}', "[]"])
    def test_with_any_body_can_be_parsed(
        self, queues: Queues, dlq: DeadLetterQueue, text: str
    ) -> None:
        queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody=text)
        (letter,) = seen(dlq)
        assert (letter.body, letter.path) == (text, "")

    def test_with_anybodys_attributes_can_be_parsed(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        park(queues.dlq_url, "a.jpg", attempts="many", failed_at="today")
        park(queues.dlq_url, "a.jpg", failed_at="2026-11-21T07:30:00")
        park(queues.dlq_url, "a.jpg", attempts="9" * 5000)
        first, second, third = seen(dlq)
        assert (first.attempts, first.failed_at) == (None, None)
        assert third.attempts is None
        assert second.failed_at == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)

    def test_says_no_more_than_its_attributes(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        edge.send(queues.sqs, queues.dlq_url, "{}", {"reason": "truncated"})
        (letter,) = seen(dlq)
        assert (letter.reason, letter.error, letter.path, letter.size) == ("truncated", "", "", "")
        assert (letter.attempts, letter.failed_at) == (None, None)

    def test_fails_at_the_same_moment_in_any_time_zone(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        park(queues.dlq_url, "a.jpg", failed_at="2026-11-21T09:30:00+02:00")
        (letter,) = seen(dlq)
        assert letter.failed_at == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)

    @pytest.mark.parametrize("kind", [DlqKind.SUBSCRIPTION, DlqKind.FETCH])
    def test_of_which_nothing_is_known_says_nothing(self, queues: Queues, kind: DlqKind) -> None:
        queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody="null")
        (letter,) = seen(DeadLetterQueue(queues.sqs, queues.dlq_url, ORIGINALS, kind))
        assert (letter.error, letter.path) == ("", "")


class TestScan:
    def test_sees_each_letter_once_and_hides_none_afterwards(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        parked = park_many(queues.dlq_url, 25)
        assert sorted(letter.body for letter in seen(dlq)) == parked
        assert hidden(queues.dlq_url) == 0
        assert stored(queues.dlq_url) == parked

    def test_hides_none_after_an_error_of_ours(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        park_many(queues.dlq_url, 25)
        with pytest.raises(ZeroDivisionError), dlq.scan() as scanned:
            for number, _ in enumerate(scanned):
                1 // (1 - number)
        assert hidden(queues.dlq_url) == 0

    def test_an_empty_queue_sees_nothing(self, dlq: DeadLetterQueue) -> None:
        assert seen(dlq) == []

    def test_leaves_out_what_comes_meanwhile(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        park_many(queues.dlq_url, 2)
        counted = datetime(2026, 11, 21, 7, 30, 20, tzinfo=UTC)
        # The count's time has whole seconds: the first may have been there, the other not.
        sent = [counted + timedelta(milliseconds=each) for each in (999, 1001)]

        def count(parsed: dict[str, Any], **_: Any) -> None:
            headers = parsed["ResponseMetadata"]["HTTPHeaders"]
            headers["date"] = "Sat, 21 Nov 2026 07:30:20 GMT"

        def receive(parsed: dict[str, Any], **_: Any) -> None:
            for message, at in zip(parsed.get("Messages", []), sent, strict=False):
                message["Attributes"]["SentTimestamp"] = str(round(at.timestamp() * 1000))

        queues.sqs.meta.events.register("after-call.sqs.GetQueueAttributes", count)
        queues.sqs.meta.events.register("after-call.sqs.ReceiveMessage", receive)
        assert [letter.sent_at for letter in seen(dlq)] == sent[:1]
        assert hidden(queues.dlq_url) == 0
        assert dlq.purge().taken == 1

    def test_ends_before_sqs_gives_out_no_more_and_says_so(
        self, queues: Queues, dlq: DeadLetterQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scan, "MAX_IN_FLIGHT", 20)
        park_many(queues.dlq_url, 40)
        with dlq.scan() as scanned:
            assert sum(len(batch) for batch in scanned) == 20
            assert scanned.complete is False
        assert hidden(queues.dlq_url) == 0

    def test_ends_before_the_first_letters_would_come_a_second_time(
        self, queues: Queues, dlq: DeadLetterQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        park_many(queues.dlq_url, 30)
        times = iter([0.0, 0.0, scan.MIN_HIDDEN / 2 - 1, scan.MIN_HIDDEN / 2])
        clock = SimpleNamespace(monotonic=lambda: next(times))
        monkeypatch.setattr("lib.dead_letters.scan.time", clock)
        with dlq.scan() as scanned:
            assert [len(batch) for batch in scanned] == [10, 10]
            assert not scanned.complete

    def test_hides_letters_for_as_long_as_so_many_may_take(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        park_many(queues.dlq_url, 30)
        timeouts: list[int] = []
        queues.sqs.meta.events.register(
            "before-parameter-build.sqs.ReceiveMessage",
            lambda params, **_: timeouts.append(params["VisibilityTimeout"]),
        )
        for rate in (None, 0.1, 0.0001):
            with dlq.scan(rate) as scanned:
                next(iter(scanned))
        assert timeouts == [300, 2 * 30 * 10, 12 * 60 * 60]

    def test_hides_letters_little_longer_than_the_time_that_it_has(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        park_many(queues.dlq_url, 3)
        timeouts: list[int] = []
        queues.sqs.meta.events.register(
            "before-parameter-build.sqs.ReceiveMessage",
            lambda params, **_: timeouts.append(params["VisibilityTimeout"]),
        )
        assert dlq.purge(Filter(), seconds=12.2).taken == 3
        assert set(timeouts) == {25}

    def test_without_permission_names_it(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        def refuse(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ReceiveMessage")

        queues.sqs.meta.events.register("before-call.sqs.ReceiveMessage", refuse)
        with pytest.raises(ConfigError, match=r"may not receive messages of size-dlq: docs/oper"):
            seen(dlq)


@pytest.mark.parametrize(("most", "complete"), [(100, True), (20, False)])
def test_a_summary_says_whether_it_counts_all_letters(
    queues: Queues,
    dlq: DeadLetterQueue,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    complete: bool,
) -> None:
    monkeypatch.setattr(scan, "MAX_IN_FLIGHT", most)
    park_many(queues.dlq_url, 30)
    summary = summarize(dlq)
    assert (summary.letters, summary.complete) == (min(30, most), complete)


class TestReplay:
    def test_brings_every_message_back_as_it_first_came(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        parked = [*park_many(queues.dlq_url, 23), park(queues.dlq_url, ODD)]
        progress: list[int] = []
        result = dlq.replay(queues.url, on_progress=progress.append)
        assert (result.taken, result.left, result.refused, result.complete) == (24, 0, 0, True)
        assert sum(progress) == 24
        assert stored(queues.dlq_url) == []
        assert stored(queues.url) == sorted(parked)
        received = queues.sqs.receive_message(
            QueueUrl=queues.url, MessageAttributeNames=["All"], MaxNumberOfMessages=10
        )
        for message in received["Messages"]:
            assert message["MessageAttributes"] == {
                "replayed": {"DataType": "String", "StringValue": "true"}
            }

    def test_takes_those_of_a_reason_and_leaves_the_others_visible(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        good, bad = (
            park_many(queues.dlq_url, 12, "SlowDown"),
            park_many(queues.dlq_url, 13),
        )
        result = dlq.replay(queues.url, Filter(reason="SlowDown"))
        assert (result.taken, result.left) == (12, 13)
        assert stored(queues.url) == good
        assert stored(queues.dlq_url) == bad
        assert hidden(queues.dlq_url) == 0

    def test_takes_those_below_a_path(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        for path in ("2026/a.jpg", "2025/a.jpg", "2026.jpg", ODD):
            park(queues.dlq_url, path)
        assert dlq.replay(queues.url, Filter("truncated", "2026/é ")).taken == 1
        assert stored(queues.url) == [body(ODD)]
        assert dlq.replay(queues.url, Filter(prefix="2026/")).taken == 1

    @pytest.mark.parametrize("limit", [0, 1, 10, 14, 99])
    def test_takes_no_more_than_the_limit(
        self, queues: Queues, dlq: DeadLetterQueue, limit: int
    ) -> None:
        park_many(queues.dlq_url, 25)
        assert dlq.replay(queues.url, limit=limit).taken == min(limit, 25)
        assert len(stored(queues.url)) == min(limit, 25)
        assert len(stored(queues.dlq_url)) == 25 - min(limit, 25)
        assert hidden(queues.dlq_url) == 0

    @pytest.mark.parametrize(
        ("rate", "at_once", "seconds"), [(0.5, 1, 8.0), (1.5, 1, 8 / 3), (4.0, 4, 1.0)]
    )
    def test_takes_no_more_a_second_than_the_rate(
        self,
        queues: Queues,
        dlq: DeadLetterQueue,
        monkeypatch: pytest.MonkeyPatch,
        rate: float,
        at_once: int,
        seconds: float,
    ) -> None:
        now = [0.0]
        sent: list[int] = []

        def sleep(seconds: float) -> None:
            now[0] += seconds

        clock = SimpleNamespace(monotonic=lambda: now[0], sleep=sleep)
        monkeypatch.setattr("lib.dead_letters.queue.time", clock)
        park_many(queues.dlq_url, 8 if rate > 1.5 else 5)
        queues.sqs.meta.events.register(
            "before-parameter-build.sqs.SendMessageBatch",
            lambda params, **_: sent.append(len(params["Entries"])),
        )
        dlq.replay(queues.url, rate=rate)
        assert max(sent) == at_once
        assert now[0] == pytest.approx(seconds)

    def test_keeps_what_the_queue_does_not_take(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        parked = park_many(queues.dlq_url, 5)
        Refusing(queues.sqs, "SendMessageBatch", {"1", "3"})
        result = dlq.replay(queues.url)
        assert (result.taken, result.refused) == (3, 2)
        assert sorted(stored(queues.url) + stored(queues.dlq_url)) == parked
        assert hidden(queues.dlq_url) == 0

    def test_counts_what_was_sent_and_could_not_be_deleted_as_refused(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        park_many(queues.dlq_url, 5)
        Refusing(queues.sqs, "DeleteMessageBatch", {"0"})
        result = dlq.replay(queues.url)
        assert (result.taken, result.refused) == (4, 1)
        assert (len(stored(queues.url)), len(stored(queues.dlq_url))) == (5, 1)
        assert hidden(queues.dlq_url) == 0

    def test_sends_large_bodies_in_more_calls(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        bodies = sorted(f"{number}" + "é" * 60_000 for number in range(7))
        for text in bodies:
            queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody=text)
        assert dlq.replay(queues.url).taken == 7
        assert stored(queues.url) == bodies

    def test_fills_calls_up_to_what_sqs_takes(
        self, queues: Queues, dlq: DeadLetterQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(edge, "BATCH_BYTES", 300)
        sent: list[int] = []
        queues.sqs.meta.events.register(
            "before-parameter-build.sqs.SendMessageBatch",
            lambda params, **_: sent.append(len(params["Entries"])),
        )
        for number in range(7):
            queues.sqs.send_message(QueueUrl=queues.dlq_url, MessageBody=f"{number}" * 100)
        assert dlq.replay(queues.url).taken == 7
        assert sent == [3, 3, 1]

    def test_counts_the_refused_of_all_calls(self, queues: Queues, dlq: DeadLetterQueue) -> None:
        park_many(queues.dlq_url, 20)
        Refusing(queues.sqs, "DeleteMessageBatch", {"0"})
        result = dlq.replay(queues.url)
        assert (result.taken, result.refused) == (18, 2)

    def test_hides_letters_for_as_long_as_the_rate_makes_it_take(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        park_many(queues.dlq_url, 30)
        timeouts: list[int] = []
        queues.sqs.meta.events.register(
            "before-parameter-build.sqs.ReceiveMessage",
            lambda params, **_: timeouts.append(params["VisibilityTimeout"]),
        )
        dlq.replay(queues.url, limit=1, rate=0.1)
        assert timeouts == [2 * 30 * 10]

    def test_that_ended_early_says_so(
        self, queues: Queues, dlq: DeadLetterQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scan, "MAX_IN_FLIGHT", 10)
        park_many(queues.dlq_url, 20)
        assert not dlq.replay(queues.url, Filter(reason="other")).complete
        assert dlq.replay(queues.url).complete, "replayed letters are not in flight"

    def test_stops_at_an_error_with_everything_still_there(
        self, queues: Queues, dlq: DeadLetterQueue
    ) -> None:
        parked = park_many(queues.dlq_url, 25)

        def fail(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "InternalError"}}, "SendMessageBatch")

        queues.sqs.meta.events.register("before-call.sqs.SendMessageBatch", fail)
        with pytest.raises(TransientError, match="send messages to size"):
            dlq.replay(queues.url)
        assert stored(queues.dlq_url) == parked
        assert hidden(queues.dlq_url) == 0


def test_purge_deletes_what_is_meant_and_nothing_else(queues: Queues, dlq: DeadLetterQueue) -> None:
    park_many(queues.dlq_url, 12, "malformed_event")
    kept = park_many(queues.dlq_url, 12)
    result = dlq.purge(Filter(reason="malformed_event"), limit=20)
    assert (result.taken, result.left) == (12, 12)
    assert stored(queues.dlq_url) == kept
    assert stored(queues.url) == []
    assert hidden(queues.dlq_url) == 0


def test_purge_takes_no_more_than_the_limit_and_no_more_at_once_than_the_rate(
    queues: Queues, dlq: DeadLetterQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=slept.append)
    monkeypatch.setattr("lib.dead_letters.queue.time", clock)
    park_many(queues.dlq_url, 8)
    assert dlq.purge(limit=6, rate=2).taken == 6
    assert len(stored(queues.dlq_url)) == 2
    assert slept == [0.0, 1.0, 2.0]


class Interrupting:
    """Ctrl-C at the n-th call of SQS: before it is sent, or when its response is on the way."""

    def __init__(self, sqs: "SQSClient", moment: str, number: int) -> None:
        self.left, self.operation = number, ""
        sqs.meta.events.register(f"{moment}.sqs", self)

    def __call__(self, model: Any, **_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            self.operation = model.name
            raise KeyboardInterrupt


# Counting, two receives with a send and a deletion each, two more receives, and the release.
CALLS = 10


@pytest.mark.parametrize("number", range(1, CALLS + 1))
@pytest.mark.parametrize("moment", ["before-call", "after-call"])
def test_interrupted_at_any_call_a_replay_loses_nothing(
    queues: Queues, dlq: DeadLetterQueue, moment: str, number: int
) -> None:
    meant = park_many(queues.dlq_url, 20, "SlowDown")
    others = park_many(queues.dlq_url, 5)
    interrupting = Interrupting(queues.sqs, moment, number)
    with pytest.raises(KeyboardInterrupt):
        dlq.replay(queues.url, Filter(reason="SlowDown"))
    here, there = stored(queues.dlq_url), stored(queues.url)
    assert {*here, *there} == {*meant, *others}
    assert set(others) <= set(here)
    assert len(there) == len(set(there))
    lost_answer = moment == "after-call" and interrupting.operation == "ReceiveMessage"
    if not lost_answer and interrupting.operation != "ChangeMessageVisibilityBatch":
        assert hidden(queues.dlq_url) == 0


def test_a_batch_that_sqs_refuses_to_show_keeps_no_other_hidden(
    queues: Queues, dlq: DeadLetterQueue
) -> None:
    park_many(queues.dlq_url, 25)
    refused: list[int] = []

    def refuse_the_first(params: dict[str, Any], **_: Any) -> None:
        if not refused:
            refused.append(len(params["Entries"]))
            error: Any = {"Error": {"Code": "RequestThrottled", "Message": "slow down"}}
            raise ClientError(error, "ChangeMessageVisibilityBatch")

    operation = "ChangeMessageVisibilityBatch"
    queues.sqs.meta.events.register(f"before-parameter-build.sqs.{operation}", refuse_the_first)
    with pytest.raises(TransientError, match="slow down"):
        seen(dlq)
    assert hidden(queues.dlq_url) == refused[0]
