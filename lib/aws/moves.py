"""SQS's own way to move all of a dead-letter queue's messages, without anybody's machine."""

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from lib.aws.failures import code_of, said_if_denied

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SQS's own limit, in messages a second.
MAX_RATE = 500
# What services say that speak SQS's protocol and have no such operation; and what SQS says of a
# queue that it does not move, or moves already.
_NOT_HERE = {
    "InvalidAction",
    "UnknownOperationException",
    "UnsupportedOperation",
    "AWS.SimpleQueueService.UnsupportedOperation",
}


class Move(NamedTuple):
    """How far a move has come; `status` is SQS's word for it, `total` what it began with."""

    status: str
    moved: int
    total: int
    failure: str


def start(sqs: "SQSClient", source: str, destination: str, rate: int | None) -> str | None:
    """Begin to move everything from one queue (an ARN) to another; a handle to stop it by.

    None where the service does not do that, and nothing has begun.
    """
    paced: dict[str, Any] = {"MaxNumberOfMessagesPerSecond": min(rate, MAX_RATE)} if rate else {}
    with said_if_denied(f"move messages from {source} to {destination}"):
        try:
            answer = sqs.start_message_move_task(
                SourceArn=source, DestinationArn=destination, **paced
            )
        except ClientError as error:
            if code_of(error) in _NOT_HERE:
                return None
            raise
    return answer["TaskHandle"]


def latest(sqs: "SQSClient", source: str) -> Move:
    """The queue's latest move."""
    with said_if_denied(f"follow the move from {source}"):
        found = sqs.list_message_move_tasks(SourceArn=source, MaxResults=1).get("Results", [])
    # SQS may not list at once what it has just begun.
    told: Any = found[0] if found else {}
    return Move(
        told.get("Status", "RUNNING"),
        told.get("ApproximateNumberOfMessagesMoved", 0),
        told.get("ApproximateNumberOfMessagesToMove", 0),
        told.get("FailureReason", ""),
    )


def stop(sqs: "SQSClient", handle: str) -> None:
    """End a move; what it has moved stays moved."""
    with said_if_denied("stop the move"):
        sqs.cancel_message_move_task(TaskHandle=handle)
