"""`fanout dlq`, typed against a deployed stage without a terminal."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from lib.fetching.jobs import FetchJob
from lib.pipeline.failure_records import FailureRecord, FailureRecords
from tests.integration.deployed import Commands, Deployed, deployed, fanout, refuse
from tests.integration.parked import body, hidden, park, park_many, stored
from tests.times import is_timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["deployed", "fanout"]

ODD = "2026/é 😀/[red]a+b %2F&?#'\n\x1b.jpg"


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def parked(deployed: Deployed, s3: "S3Client") -> Deployed:
    """12 letters of one reason and 3 of another for one size, 1 for the other."""
    park_many(deployed.urls["400x300-dlq"], 12)
    park_many(deployed.urls["400x300-dlq"], 3, "SlowDown")
    park(deployed.urls["thumbnail-dlq"], ODD, "corrupt")
    return deployed


class TestList:
    def test_counts_by_size_and_reason(self, fanout: Commands, parked: Deployed) -> None:
        run = fanout("dlq", "list")
        assert run.code == 0
        table = [[cell.strip() for cell in line.split("│")[1:4]] for line in run.out.splitlines()]
        assert [row for row in table if row] == [
            ["400x300", "SlowDown", "3"],
            ["400x300", "truncated", "12"],
            ["thumbnail", "corrupt", "1"],
        ]
        assert hidden(parked.urls["400x300-dlq"]) == 0

    def test_prints_a_document_a_size(self, fanout: Commands, parked: Deployed) -> None:
        run = fanout("dlq", "list", "--json")
        first, second = lines(run.out)
        assert (first["size"], first["letters"], first["in_flight"]) == ("400x300", 15, 0)
        assert first["reasons"]["truncated"]["letters"] == 12
        assert is_timestamp(first["reasons"]["truncated"]["oldest"])
        assert (second["size"], list(second["reasons"])) == ("thumbnail", ["corrupt"])

    def test_counts_only_what_is_asked_for(self, fanout: Commands, parked: Deployed) -> None:
        run = fanout("dlq", "list", "--json", "--size", "400x300", "--prefix", "truncated/00")
        (only,) = lines(run.out)
        assert only["letters"] == 10
        run = fanout("dlq", "list", "--json", "--reason", "corrupt")
        assert [each["letters"] for each in lines(run.out)] == [0, 1]

    def test_says_when_there_are_none(self, fanout: Commands, deployed: Deployed) -> None:
        assert fanout("dlq", "list").out == "No dead letters.\n"

    def test_mentions_letters_in_other_hands(self, fanout: Commands, parked: Deployed) -> None:
        parked.sqs.receive_message(QueueUrl=parked.urls["400x300-dlq"], MaxNumberOfMessages=10)
        run = fanout("dlq", "list")
        assert "400x300: another list or replay has about 10 more" in run.err
        assert lines(fanout("dlq", "list", "--json").out)[0]["in_flight"] == 10

    def test_reaches_what_sns_and_the_purges_gave_up_on(
        self, fanout: Commands, deployed: Deployed
    ) -> None:
        for name in ("thumbnail-subscription-dlq", "purge-dlq"):
            deployed.sqs.send_message(QueueUrl=deployed.urls[name], MessageBody=body("a.jpg"))
        subscription = lines(fanout("dlq", "list", "--json", "--queue", "subscription").out)
        assert [list(each["reasons"]) for each in subscription] == [[], ["undelivered"]]
        (purges,) = lines(fanout("dlq", "list", "--json", "--queue", "purge").out)
        assert (purges["size"], list(purges["reasons"])) == ("purge", ["not_purged"])

    def test_reaches_what_could_not_be_fetched(self, fanout: Commands, deployed: Deployed) -> None:
        order = FetchJob(
            id="0" * 32,
            path="web/a.jpg",
            url="https://photos.example/a.jpg",
            overwrite=False,
            ordered_at=datetime.now(UTC),
        )
        deployed.sqs.send_message(
            QueueUrl=deployed.urls["fetch-dlq"], MessageBody=order.model_dump_json()
        )
        (letter,) = lines(fanout("dlq", "show", "--json", "--queue", "fetch").out)
        assert (letter["path"], letter["reason"]) == ("web/a.jpg", "worker_stopped")
        assert fanout("dlq", "replay", "--queue", "fetch", "--yes").out == "fetch: replayed 1\n"
        assert stored(deployed.urls["fetch"]) == [order.model_dump_json()]


class TestShow:
    def test_tells_all_of_a_letter_on_safe_lines(self, fanout: Commands, parked: Deployed) -> None:
        run = fanout("dlq", "show", "--size", "thumbnail")
        assert run.out == (
            "thumbnail  corrupt  2026/é 😀/[red]a+b %2F&?#'\\n\\x1b.jpg\n"
            f"    2026-11-21 07:30:00 UTC, {run.out.split('UTC, ')[1].split(' ago')[0]} ago, "
            "attempts: 3\n"
            "    it breaks off:\\nupload it again\n"
        )

    def test_prints_a_document_a_letter(self, fanout: Commands, parked: Deployed) -> None:
        (letter,) = lines(fanout("dlq", "show", "--json", "--reason", "corrupt").out)
        assert is_timestamp(letter.pop("sent_at"))
        assert letter == {
            "size": "thumbnail",
            "queue": "dlq",
            "reason": "corrupt",
            "error": "it breaks off:\nupload it again",
            "path": ODD,
            "attempts": 3,
            "failed_at": "2026-11-21T07:30:00Z",
            "body": body(ODD),
        }

    @pytest.mark.parametrize(("limit", "shown"), [(1, 1), (10, 10), (12, 12), (16, 16), (99, 16)])
    def test_shows_no_more_than_the_limit_and_hides_nothing(
        self, fanout: Commands, parked: Deployed, limit: int, shown: int
    ) -> None:
        run = fanout("dlq", "show", "--json", "--limit", str(limit))
        assert len(lines(run.out)) == shown
        assert hidden(parked.urls["400x300-dlq"]) == 0


class TestReplay:
    def test_brings_back_those_of_a_reason(self, fanout: Commands, parked: Deployed) -> None:
        run = fanout("dlq", "replay", "--reason", "SlowDown", "--yes")
        assert (run.code, run.out) == (0, "400x300: replayed 3\nthumbnail: replayed 0\n")
        assert len(stored(parked.urls["400x300"])) == 3
        assert len(stored(parked.urls["400x300-dlq"])) == 12

    def test_brings_back_everything(self, fanout: Commands, parked: Deployed) -> None:
        run = fanout("dlq", "replay", "--yes", "--json")
        assert run.code == 0
        assert lines(run.out) == [
            {"size": "400x300", "replayed": 15, "left": 0, "refused": 0, "complete": True},
            {"size": "thumbnail", "replayed": 1, "left": 0, "refused": 0, "complete": True},
        ]
        assert stored(parked.urls["thumbnail"]) == [body(ODD)]
        assert stored(parked.urls["400x300-dlq"]) == []

    def test_counts_its_limit_over_all_sizes(self, fanout: Commands, parked: Deployed) -> None:
        fanout("dlq", "replay", "--yes", "--limit", "15")
        assert len(stored(parked.urls["400x300"])) == 15
        assert len(stored(parked.urls["thumbnail"])) == 0

    def test_only_says_what_it_would_do_on_a_dry_run(
        self, fanout: Commands, parked: Deployed
    ) -> None:
        for yes in ([], ["--yes"]):
            run = fanout("dlq", "replay", "--reason", "SlowDown", "--dry-run", *yes)
            assert (run.code, run.out) == (0, "Replay on dev:\n  400x300: 3\n")
        run = fanout("dlq", "replay", "--dry-run", "--json")
        assert lines(run.out) == [
            {"size": "400x300", "meant": 15},
            {"size": "thumbnail", "meant": 1},
        ]
        assert stored(parked.urls["400x300"]) == []

    @pytest.mark.parametrize("command", ["replay", "purge"])
    def test_without_a_terminal_or_yes_is_wrong_use(
        self, fanout: Commands, parked: Deployed, command: str
    ) -> None:
        run = fanout("dlq", command, "--limit", "2")
        assert run.code == 2
        assert "at most 2:\n  400x300: 15\n  thumbnail: 1\n" in run.err
        assert "use --yes" in run.err
        assert len(stored(parked.urls["400x300-dlq"])) == 15

    @pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 1, 1), ("", 1, 1)])
    def test_asks_at_a_terminal(
        self,
        fanout: Commands,
        parked: Deployed,
        monkeypatch: pytest.MonkeyPatch,
        answer: str,
        code: int,
        left: int,
    ) -> None:
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        run = fanout("dlq", "purge", "--size", "thumbnail")
        assert run.code == code
        assert "Delete for good on dev:\n  thumbnail: 1\nContinue?" in run.err
        assert len(stored(parked.urls["thumbnail-dlq"])) == left

    def test_with_nothing_to_do_says_so(self, fanout: Commands, deployed: Deployed) -> None:
        run = fanout("dlq", "replay")
        assert (run.code, run.err) == (0, "No dead letters match.\n")

    def test_that_leaves_refused_letters_did_not_succeed(
        self, fanout: Commands, parked: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any) -> list[bool]:
            return [False]

        monkeypatch.setattr("lib.aws.sqs.send_batch", refuse)
        run = fanout("dlq", "replay", "--yes", "--size", "thumbnail")
        assert run.code == 1
        assert "thumbnail: SQS refused 1" in run.err

    def test_brings_a_purge_back_to_the_purge_queue(
        self, fanout: Commands, deployed: Deployed
    ) -> None:
        deployed.sqs.send_message(QueueUrl=deployed.urls["purge-dlq"], MessageBody="{}")
        run = fanout("dlq", "replay", "--queue", "purge", "--yes")
        assert run.out == "purge: replayed 1\n"
        assert stored(deployed.urls["purge"]) == ["{}"]


def test_purge_deletes_those_of_a_reason(fanout: Commands, parked: Deployed) -> None:
    run = fanout("dlq", "purge", "--reason", "truncated", "--yes", "--json")
    assert lines(run.out)[0] == {
        "size": "400x300",
        "purged": 12,
        "left": 3,
        "refused": 0,
        "complete": True,
    }
    assert len(stored(parked.urls["400x300-dlq"])) == 3
    assert stored(parked.urls["400x300"]) == []


def test_purge_takes_the_records_of_what_it_deletes_along(
    fanout: Commands, parked: Deployed, s3: "S3Client"
) -> None:
    failure = FailureRecord(
        reason="corrupt",
        error="it breaks off",
        attempts=3,
        began_at=datetime(2026, 11, 21, 7, 29, tzinfo=UTC),
        failed_at=datetime(2026, 11, 21, 7, 30, tzinfo=UTC),
    )
    for size in ("400x300", "thumbnail"):
        FailureRecords(s3, "failures-bucket", size).put(ODD, failure)
    assert fanout("dlq", "purge", "--size", "thumbnail", "--yes").code == 0
    kept = s3.list_objects_v2(Bucket="failures-bucket")["Contents"]
    assert [each["Key"] for each in kept] == [f"400x300/{ODD}"]


def test_purge_says_so_where_it_may_not_remove_records(
    fanout: Commands, parked: Deployed, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "GetObject", "AccessDenied")
    run = fanout("dlq", "purge", "--size", "thumbnail", "--yes")
    assert run.code == 1
    assert run.err.startswith("These credentials may not remove failure records: docs/operations")


@pytest.mark.parametrize(
    ("operation", "arguments", "doing"),
    [
        ("ReceiveMessage", ["dlq", "show"], "receive messages of image-fanout-dev-400x300-dlq"),
        (
            "SendMessageBatch",
            ["dlq", "replay", "--yes"],
            "send messages to image-fanout-dev-400x300",
        ),
    ],
)
def test_without_leave_to_use_the_key_it_says_where_that_is_documented(
    fanout: Commands,
    parked: Deployed,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    arguments: list[str],
    doing: str,
) -> None:
    refuse(monkeypatch, operation, "KMS.AccessDeniedException")
    run = fanout(*arguments, "--size", "400x300")
    assert run.code == 1
    assert run.err.startswith(
        f"These credentials may not {doing}, which takes permission to use the KMS"
    )
    assert "docs/encryption.md" in run.err


class Terminal:
    """Somebody who answers."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:
        return self.answer


class TestWrongUse:
    def test_a_size_that_is_not_deployed(self, fanout: Commands, deployed: Deployed) -> None:
        run = fanout("dlq", "list", "--size", "1x1")
        assert run.code == 2
        assert "has no size" in run.err

    def test_a_size_of_the_purges(self, fanout: Commands, deployed: Deployed) -> None:
        for queue in ("purge", "fetch"):
            assert fanout("dlq", "list", "--size", "400x300", "--queue", queue).code == 2

    @pytest.mark.parametrize("option", [["--limit", "0"], ["--rate", "0"], ["--queue", "other"]])
    def test_numbers_and_queues_that_mean_nothing(
        self, fanout: Commands, deployed: Deployed, option: list[str]
    ) -> None:
        assert fanout("dlq", "replay", *option).code == 2


class TestASentenceAndExitCode1:
    def test_for_a_stage_that_is_not_deployed(self, fanout: Commands) -> None:
        run = fanout("dlq", "list")
        assert run.code == 1
        assert run.err == (
            "There is no stack image-fanout-dev in eu-west-1: name another --stage or --region, "
            "or deploy it\n"
        )

    def test_for_a_stage_without_purges(self, fanout: Commands, deployed: Deployed) -> None:
        deployed.sqs.delete_queue(QueueUrl=deployed.urls["purge-dlq"])
        run = fanout("dlq", "list", "--queue", "purge")
        assert run.code == 1
        assert run.err.startswith("There is no queue image-fanout-dev-purge-dlq")

    @pytest.mark.parametrize(
        "operation", ["DescribeStacks", "GetFunctionConfiguration", "ReceiveMessage"]
    )
    def test_without_leave(
        self,
        fanout: Commands,
        parked: Deployed,
        monkeypatch: pytest.MonkeyPatch,
        operation: str,
    ) -> None:
        refuse(monkeypatch, operation, "AccessDenied")
        run = fanout("dlq", "list")
        assert run.code == 1
        assert run.err.startswith("These credentials may not ")
        assert "docs/operations.md" in run.err
        assert "Traceback" not in run.err
