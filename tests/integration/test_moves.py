"""A whole queue's replay by SQS's own move, which no emulator has: answered by a stub."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from lib.dead_letters import DeadLetters, Filter, Kind, Tally, replay, walk
from lib.errors import ConfigError, TransientError
from tests.integration.conftest import Queues
from tests.integration.parked import park_many, stored

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

URL, DLQ_URL = "https://sqs/1/size", "https://sqs/1/size-dlq"
ARN, DLQ_ARN = "arn:aws:sqs:eu-west-1:1:size", "arn:aws:sqs:eu-west-1:1:size-dlq"
RUNNING = {"Status": "RUNNING", "ApproximateNumberOfMessagesToMove": 30}


@pytest.fixture
def sqs() -> "SQSClient":
    return boto3.client("sqs")


@pytest.fixture
def stub(sqs: "SQSClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setattr("lib.dead_letters.move.LOOK_EVERY", 0)
    with Stubber(sqs) as stub:
        for url, arn in ((DLQ_URL, DLQ_ARN), (URL, ARN)):
            asked = {"QueueUrl": url, "AttributeNames": ["All"]}
            stub.add_response("get_queue_attributes", {"Attributes": {"QueueArn": arn}}, asked)
        yield stub


def starts(stub: Stubber, **more: Any) -> None:
    asked = {"SourceArn": DLQ_ARN, "DestinationArn": ARN, **more}
    stub.add_response("start_message_move_task", {"TaskHandle": "handle"}, asked)


def goes_on(stub: Stubber, *tasks: dict[str, Any]) -> None:
    for task in tasks:
        asked = {"SourceArn": DLQ_ARN, "MaxResults": 1}
        stub.add_response("list_message_move_tasks", {"Results": [task] if task else []}, asked)


def test_a_whole_queue_is_moved_by_sqs_to_the_sizes_queue_and_followed(
    sqs: "SQSClient", stub: Stubber
) -> None:
    starts(stub)
    done = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 31}
    goes_on(stub, {}, RUNNING, RUNNING | {"ApproximateNumberOfMessagesMoved": 20}, done)
    told: list[int] = []
    tally = replay(DeadLetters(sqs, DLQ_URL), URL, tell=told.append)
    assert tally == Tally(taken=31)
    assert told == [0, 0, 20, 11]
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(("rate", "asked"), [(1, 1), (500, 500), (501, 500)])
def test_the_rate_is_sqss_to_keep(sqs: "SQSClient", stub: Stubber, rate: int, asked: int) -> None:
    starts(stub, MaxNumberOfMessagesPerSecond=asked)
    goes_on(stub, {"Status": "COMPLETED"})
    assert replay(DeadLetters(sqs, DLQ_URL), URL, rate=rate).taken == 0


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_a_move_that_ended_early_is_an_error_that_says_how_far_it_came(
    sqs: "SQSClient", stub: Stubber, status: str
) -> None:
    starts(stub)
    ended = {"Status": status, "ApproximateNumberOfMessagesMoved": 7, "FailureReason": "KMS"}
    goes_on(stub, RUNNING | ended)
    with pytest.raises(TransientError, match=r"moved 7 of about 30 messages .*KMS; run again"):
        replay(DeadLetters(sqs, DLQ_URL), URL)


def test_ctrl_c_stops_the_move(sqs: "SQSClient", stub: Stubber) -> None:
    starts(stub)
    goes_on(stub, RUNNING)
    stub.add_response("cancel_message_move_task", {}, {"TaskHandle": "handle"})

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(DeadLetters(sqs, DLQ_URL), URL, tell=interrupt)
    stub.assert_no_pending_responses()


def test_without_leave_to_move_nothing_is_walked_instead(sqs: "SQSClient", stub: Stubber) -> None:
    stub.add_client_error("start_message_move_task", "AccessDenied", http_status_code=403)
    with pytest.raises(ConfigError, match=f"may not move messages from {DLQ_ARN} to {ARN}"):
        replay(DeadLetters(sqs, DLQ_URL), URL)


class TestLetterByLetter:
    """moto knows no moves and says so with an exception: none of these may get that far."""

    @pytest.fixture(autouse=True)
    def _known_to_be_empty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(walk, "EMPTY_AFTER", 0)

    @pytest.mark.parametrize(
        "options",
        [{"wanted": Filter("truncated")}, {"wanted": Filter(prefix="trunc")}, {"limit": 20}],
    )
    def test_go_some_letters_of_a_queue(self, queues: Queues, options: dict[str, Any]) -> None:
        parked = park_many(queues.sqs, queues.dlq_url, 12)
        letters = DeadLetters(queues.sqs, queues.dlq_url)
        assert replay(letters, queues.url, **options).taken == 12
        assert stored(queues.url) == parked

    def test_goes_a_subscriptions_queue_which_sqs_does_not_move(self, queues: Queues) -> None:
        parked = park_many(queues.sqs, queues.dlq_url, 12)
        letters = DeadLetters(queues.sqs, queues.dlq_url, Kind.SUBSCRIPTION)
        assert replay(letters, queues.url).taken == 12
        assert stored(queues.url) == parked

    @pytest.mark.parametrize(
        "code", ["InvalidAction", "UnknownOperationException", "UnsupportedOperation"]
    )
    def test_goes_a_whole_queue_where_the_service_moves_none(
        self, queues: Queues, code: str
    ) -> None:
        def refuse(**_: Any) -> None:
            raise queues.sqs.exceptions.ClientError({"Error": {"Code": code}}, "Start")

        queues.sqs.meta.events.register("before-call.sqs.StartMessageMoveTask", refuse)
        parked = park_many(queues.sqs, queues.dlq_url, 12)
        assert replay(DeadLetters(queues.sqs, queues.dlq_url), queues.url).taken == 12
        assert stored(queues.url) == parked
