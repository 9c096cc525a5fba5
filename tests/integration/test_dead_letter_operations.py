"""Dead letters as the API lists, replays and purges them, on moto."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lib.aws.sqs import Depth
from lib.dead_letters import operations
from lib.dead_letters.letter import DlqKind
from lib.dead_letters.operations import DeadLetterOperations, Selection, Taken
from lib.dead_letters.queue import DeadLetterQueue, DlqResult
from lib.errors import ConfigError, RequestError
from lib.keys import Originals
from lib.pipeline.failure_records import FailureRecord, FailureRecords, make_stopped_record
from tests.integration.conftest import create_queue
from tests.integration.parked import body, hidden, messages, park, park_many, stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

SIZES = ("40x30", "hero")


class Queues:
    """The queues of a stage with two sizes, by the names that its functions find them by."""

    def __init__(self, sqs: "SQSClient") -> None:
        self.urls = {
            name: create_queue(f"stage-{name}")
            for queue in (*SIZES, "fetch", "purge")
            for name in (queue, f"{queue}-dlq", f"{queue}-subscription-dlq")
        }
        self.operations = DeadLetterOperations(
            sqs, "stage-", SIZES, Originals("originals-bucket", "originals/"), invalidates=True
        )


@pytest.fixture
def sqs(aws: None) -> "SQSClient":
    client: SQSClient = boto3.client("sqs")
    return client


@pytest.fixture
def queues(sqs: "SQSClient", monkeypatch: pytest.MonkeyPatch) -> Queues:
    # Moto waits for messages as SQS does.
    monkeypatch.setattr("lib.dead_letters.scan.EMPTY_AFTER", 0)
    return Queues(sqs)


class TestList:
    def test_counts_by_size_and_reason_and_hides_nothing_afterwards(
        self, queues: Queues, sqs: "SQSClient"
    ) -> None:
        dlq = queues.urls["40x30-dlq"]
        park(dlq, "a.jpg", "truncated")
        park(dlq, "é b.jpg", "truncated")
        park(dlq, "c.jpg", "unsupported")
        sqs.send_message(QueueUrl=queues.urls["hero"], MessageBody="waits")
        listed = queues.operations.list_all()
        first, hero, *_ = listed.queues
        assert [(str(each.queue), each.size) for each in listed.queues] == [
            ("dlq", "40x30"),
            ("dlq", "hero"),
            ("subscription", "40x30"),
            ("subscription", "hero"),
            ("purge", None),
            ("fetch", None),
        ]
        assert first.reasons == {"truncated": 2, "unsupported": 1}
        assert (first.letters, first.complete, first.waiting) == (3, True, 0)
        assert first.oldest is not None
        assert (hero.letters, hero.waiting, hero.oldest) == (0, 1, None)
        assert sorted(letter.path for letter in listed.letters) == ["a.jpg", "c.jpg", "é b.jpg"]
        letter = next(each for each in listed.letters if each.path == "a.jpg")
        assert (letter.size, letter.reason, letter.attempts) == ("40x30", "truncated", 3)
        assert letter.error == "it breaks off:\nupload it again"
        assert letter.failed_at == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
        assert hidden(dlq) == 0
        assert len(stored(dlq)) == 3

    def test_returns_the_first_letters_and_counts_all(
        self, queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(operations, "MAX_LETTERS", 9)
        park_many(queues.urls["40x30-dlq"], 25)
        park(queues.urls["hero-dlq"], "b.jpg")
        listed = queues.operations.list_all()
        assert [letter.size for letter in listed.letters].count("40x30") == 8
        assert listed.letters[1].size == "hero"  # each queue in turn
        assert listed.queues[0].letters == 25

    def test_the_oldest_letter_is_not_the_last(self, queues: Queues) -> None:
        park_many(queues.urls["40x30-dlq"], 12)
        oldest = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        messages(queues.urls["40x30-dlq"])[5].sent_timestamp = int(oldest.timestamp() * 1000)
        assert queues.operations.list_all().queues[0].oldest == oldest

    def test_a_whole_scan_counts_better_than_sqs(
        self, queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        park(queues.urls["40x30-dlq"], "a.jpg")
        depth = Depth(visible=7, in_flight=0, as_of=datetime.now(UTC))
        monkeypatch.setattr("lib.aws.sqs.get_depth", lambda *_: depth)
        first = queues.operations.list_all().queues[0]
        assert (first.complete, first.letters) == (True, 1)

    def test_has_letters_of_sns_and_of_invalidations(
        self, queues: Queues, sqs: "SQSClient"
    ) -> None:
        sqs.send_message(
            QueueUrl=queues.urls["hero-subscription-dlq"],
            MessageBody=body("é b.jpg"),
            MessageAttributes={"ErrorMessage": {"DataType": "String", "StringValue": "denied"}},
        )
        invalidation = json.dumps({"paths": ["/40x30/%C3%A9%20b.jpg"]})
        sqs.send_message(QueueUrl=queues.urls["purge-dlq"], MessageBody=invalidation)
        undelivered, not_purged = queues.operations.list_all().letters
        assert (undelivered.queue, undelivered.size) == ("subscription", "hero")
        assert (undelivered.reason, undelivered.path) == ("undelivered", "é b.jpg")
        assert undelivered.error == "denied"
        assert (not_purged.queue, not_purged.size) == ("purge", None)
        assert (not_purged.reason, not_purged.path) == ("not_purged", "40x30/é b.jpg")

    def test_ends_in_time_and_says_that_there_is_more(
        self, queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(operations, "MAX_SECONDS", 0)
        park_many(queues.urls["40x30-dlq"], 12)
        first = queues.operations.list_all().queues[0]
        assert (first.complete, first.letters) == (False, 12)  # as SQS estimates
        assert hidden(queues.urls["40x30-dlq"]) == 0


class TestReplay:
    def test_moves_what_is_selected_by_size_and_reason(self, queues: Queues) -> None:
        dlq, other = queues.urls["40x30-dlq"], queues.urls["hero-dlq"]
        wanted = park(dlq, "a.jpg", "truncated")
        left = park(dlq, "b.jpg", "unsupported")
        elsewhere = park(other, "a.jpg", "truncated")
        selection = Selection(sizes=["40x30"], reason="truncated")
        taken = queues.operations.replay(selection)
        assert taken == Taken(taken=1, refused=0, complete=True)
        assert stored(queues.urls["40x30"]) == [wanted]
        assert (stored(dlq), stored(other)) == ([left], [elsewhere])
        assert hidden(dlq) == 0

    def test_moves_the_letters_of_single_photos(self, queues: Queues) -> None:
        dlq = queues.urls["40x30-dlq"]
        wanted = [park(dlq, path) for path in ("a b+c.jpg", "d.jpg")]
        left = park(dlq, "a b+c.jpg.jpg")
        selection = Selection(sizes=["40x30", "40x30", "hero"], paths=["a b+c.jpg", "d.jpg"])
        assert queues.operations.replay(selection).taken == 2
        assert stored(queues.urls["40x30"]) == sorted(wanted)
        assert stored(dlq) == [left]

    def test_without_sizes_it_moves_fetch_jobs(self, queues: Queues) -> None:
        park(queues.urls["40x30-dlq"], "a.jpg", "source_refused")
        job = park(queues.urls["fetch-dlq"], "a.jpg", "source_refused")
        assert queues.operations.replay(Selection(reason="source_refused")).taken == 1
        assert stored(queues.urls["fetch"]) == [job]
        assert stored(queues.urls["40x30"]) == []

    def test_returns_letters_of_sns_to_the_queues_of_the_sizes(
        self, queues: Queues, sqs: "SQSClient"
    ) -> None:
        left = park(queues.urls["hero-dlq"], "a.jpg")
        for size in SIZES:
            sqs.send_message(
                QueueUrl=queues.urls[f"{size}-subscription-dlq"], MessageBody=body(f"{size}.jpg")
            )
        one = Selection(queue=DlqKind.SUBSCRIPTION, sizes=["40x30"])
        assert queues.operations.replay(one).taken == 1
        assert stored(queues.urls["40x30"]) == [body("40x30.jpg")]
        assert queues.operations.replay(Selection(queue=DlqKind.SUBSCRIPTION)).taken == 1
        assert stored(queues.urls["hero"]) == [body("hero.jpg")]
        assert stored(queues.urls["hero-dlq"]) == [left]

    def test_returns_invalidations_to_their_queue(self, queues: Queues, sqs: "SQSClient") -> None:
        sqs.send_message(QueueUrl=queues.urls["purge-dlq"], MessageBody="invalidation")
        assert queues.operations.replay(Selection(queue=DlqKind.PURGE)).taken == 1
        assert stored(queues.urls["purge"]) == ["invalidation"]

    def test_no_path_is_no_letter_and_reads_no_queue(
        self, queues: Queues, sqs: "SQSClient"
    ) -> None:
        for name in ("fetch-dlq", "40x30-dlq"):
            park(queues.urls[name], "a.jpg")
        for selection in (Selection(paths=[]), Selection(sizes=["40x30"], paths=[])):
            assert queues.operations.replay(selection) == Taken(taken=0, refused=0, complete=True)
        messages = sqs.receive_message(
            QueueUrl=queues.urls["40x30-dlq"], MessageSystemAttributeNames=["All"]
        )["Messages"]
        assert messages[0]["Attributes"]["ApproximateReceiveCount"] == "1"

    def test_refuses_a_size_that_is_not_declared_before_it_moves_anything(
        self, queues: Queues
    ) -> None:
        letter = park(queues.urls["40x30-dlq"], "a.jpg")
        with pytest.raises(RequestError, match="'huge' is not declared: choose from 40x30, hero"):
            queues.operations.replay(Selection(sizes=["40x30", "huge"]))
        assert stored(queues.urls["40x30-dlq"]) == [letter]

    @pytest.mark.parametrize(
        ("selection", "cause"),
        [
            (
                Selection(queue=DlqKind.FETCH, sizes=["40x30"]),
                "fetch is shared by all sizes: leave out sizes",
            ),
            (
                Selection(queue=DlqKind.PURGE),
                "this stage invalidates nothing, and so has no queue of invalidations",
            ),
        ],
    )
    def test_refuses_a_queue_that_there_is_not_and_says_why(
        self, queues: Queues, selection: Selection, cause: str
    ) -> None:
        stage = replace(queues.operations, invalidates=False)
        with pytest.raises(RequestError) as refused:
            stage.replay(selection)
        assert str(refused.value) == f"queue: {cause}"

    def test_says_if_the_time_did_not_suffice(
        self, queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        letter = park(queues.urls["40x30-dlq"], "a.jpg")
        monkeypatch.setattr(operations, "MAX_SECONDS", 0)
        taken = queues.operations.replay(Selection(sizes=["40x30"]))
        assert taken == Taken(taken=0, refused=0, complete=False)
        assert stored(queues.urls["40x30-dlq"]) == [letter]


class TestPurge:
    def test_deletes_the_letters_and_their_failure_records(
        self, queues: Queues, s3: "S3Client"
    ) -> None:
        dlq = queues.urls["40x30-dlq"]
        park(dlq, "a.jpg")
        left = park(dlq, "b.jpg")
        records = FailureRecords(s3, "failures-bucket", "40x30")
        old = make_stopped_record(1)
        past = old.failed_at.replace(year=2026, month=11, day=1)
        record = FailureRecord(**{**old.model_dump(), "began_at": past, "failed_at": past})
        for path in ("a.jpg", "b.jpg"):
            records.put(path, record)
        selection = Selection(sizes=["40x30"], paths=["a.jpg"])
        taken = queues.operations.purge(selection, s3, "failures-bucket")
        assert taken == Taken(taken=1, refused=0, complete=True)
        assert stored(dlq) == [left] == [body("b.jpg")]
        assert stored(queues.urls["40x30"]) == []
        assert records.read("a.jpg") is None
        assert records.read("b.jpg") is not None


def test_each_queue_gets_the_time_that_is_left(
    queues: Queues, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def take(*_: Any, seconds: float, **__: Any) -> DlqResult:
        given.append(seconds)
        return DlqResult()

    monkeypatch.setattr(operations, "MAX_SECONDS", 1.0)
    monkeypatch.setattr(DeadLetterQueue, "replay", take)
    monkeypatch.setattr(DeadLetterQueue, "purge", take)
    assert queues.operations.replay(Selection(sizes=["40x30"])).complete
    assert queues.operations.purge(Selection(sizes=["40x30"]), s3, "failures-bucket").complete
    assert len(given) == 2
    assert all(0 < seconds <= 1 for seconds in given)


def test_a_missing_queue_is_named_though_another_thread_has_its_first_error_meanwhile(
    sqs: "SQSClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 makes a client's exception classes at its first error: here, both threads do."""
    client: Any = sqs
    get_queue_url = client.get_queue_url

    def have_classes_made_anew(**given: Any) -> Any:
        try:
            return get_queue_url(**given)
        finally:
            client._exceptions = client._exceptions_factory._create_client_exceptions(
                client._service_model
            )

    monkeypatch.setattr(client, "get_queue_url", have_classes_made_anew)
    stage = DeadLetterOperations(sqs, "stage-", SIZES, Originals("b", ""), invalidates=True)
    with pytest.raises(ConfigError, match="There is no queue stage-40x30-dlq: this stage was"):
        stage.replay(Selection(sizes=["40x30"]))
