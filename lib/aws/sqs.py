"""Messages: sent, received, sent back to wait for another try, deleted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lib.aws.error_mapping import map_access_denied, map_errors
from lib.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

# Messages that one call of SQS takes or gives at most.
BATCH = 10
# Bytes of the messages that one SendMessageBatch takes. SQS itself takes four times as much since
# 2025; not everything that speaks its protocol does.
BATCH_BYTES = 256 * 1024

# Waiting, being worked on, and delayed.
_HELD: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Received(NamedTuple):
    """A message in hand; `attributes` are its sender's, `sent_at` and `moved_from` SQS's.

    `moved_from` is the ARN of the queue whose redrive policy brought it here, or "".
    """

    body: str
    receipt_handle: str
    attributes: dict[str, str]
    sent_at: datetime
    moved_from: str


class Depth(NamedTuple):
    """About how many messages can be received, or are in somebody's hands; SQS's own clock."""

    visible: int
    in_flight: int
    as_of: datetime


def send(
    sqs: "SQSClient", queue_url: str, body: str, attributes: Mapping[str, str], *, delay: int = 0
) -> None:
    """Send a message that can be received after `delay` seconds.

    Attributes without a value are left out, because SQS refuses them.
    """
    with map_errors("SQS SendMessage"):
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=body,
            DelaySeconds=delay,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if value
            },
        )


def change_visibility(sqs: "SQSClient", queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Let a message that is being worked on be received again after so many seconds."""
    with map_errors("SQS ChangeMessageVisibility"):
        sqs.change_message_visibility(
            QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


def delete(sqs: "SQSClient", queue_url: str, receipt_handle: str) -> None:
    """Delete a message that is being worked on."""
    with map_errors("SQS DeleteMessage"):
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=receipt_handle)


def find_queue(sqs: "SQSClient", name: str) -> str:
    """URL of the queue of this name; ConfigError where there is none."""
    with map_access_denied(f"find the queue {name}"):
        try:
            return sqs.get_queue_url(QueueName=name)["QueueUrl"]
        except sqs.exceptions.QueueDoesNotExist as error:
            raise ConfigError(
                f"There is no queue {name}: this stage was deployed without"
            ) from error


def get_account(queue_url: str) -> str:
    """The account that a queue is in: its URL ends in account and name."""
    return queue_url.split("/")[-2]


def get_attributes(sqs: "SQSClient", queue_url: str) -> dict[str, str]:
    """All of a queue's own attributes, by SQS's names."""
    with map_access_denied(f"read the attributes of {_name(queue_url)}"):
        told = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    return {str(name): value for name, value in told.get("Attributes", {}).items()}


def depth(sqs: "SQSClient", queue_url: str) -> Depth:
    """How many messages a queue holds, as SQS guesses, and when by its own clock."""
    visible: QueueAttributeNameType = "ApproximateNumberOfMessages"
    in_flight: QueueAttributeNameType = "ApproximateNumberOfMessagesNotVisible"
    with map_access_denied(f"count the messages of {_name(queue_url)}"):
        told = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[visible, in_flight])
    counts = told["Attributes"]
    return Depth(int(counts[visible]), int(counts[in_flight]), _said_at(told["ResponseMetadata"]))


def count_messages(sqs: "SQSClient", queue_url: str) -> int:
    """Messages that would be lost with a queue: 0 where there is no such queue any more."""
    with map_errors(f"counting the messages of {queue_url}"):
        try:
            told = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=_HELD)
        except sqs.exceptions.QueueDoesNotExist:
            return 0
    return sum(int(told["Attributes"].get(name, "0")) for name in _HELD)


def receive(sqs: "SQSClient", queue_url: str, *, hidden: int, wait: int) -> list[Received]:
    """Up to ten messages, `hidden` from others for so many seconds; waits `wait` for the first.

    Waiting asks all of SQS's servers: only then does nothing received mean an empty queue.
    """
    with map_access_denied(f"receive messages of {_name(queue_url)}"):
        answer = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=hidden,
            WaitTimeSeconds=wait,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp", "DeadLetterQueueSourceArn"],
        )
    return [_received(message) for message in answer.get("Messages", [])]


def send_batch(sqs: "SQSClient", queue_url: str, bodies: Sequence[str]) -> list[bool]:
    """Send up to ten messages without attributes; for each whether SQS has taken it."""
    entries: list[Any] = [
        {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)
    ]
    with map_access_denied(f"send messages to {_name(queue_url)}"):
        answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
    return _successes(answer, len(bodies))


def delete_batch(sqs: "SQSClient", queue_url: str, receipt_handles: Sequence[str]) -> list[bool]:
    """Delete up to ten messages in hand; for each whether it is gone."""
    entries: list[Any] = [
        {"Id": str(number), "ReceiptHandle": handle}
        for number, handle in enumerate(receipt_handles)
    ]
    with map_access_denied(f"delete messages of {_name(queue_url)}"):
        answer = sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    return _successes(answer, len(receipt_handles))


def release_batch(sqs: "SQSClient", queue_url: str, receipt_handles: Sequence[str]) -> None:
    """Let up to ten messages in hand be received by anybody at once; gone ones do not matter."""
    entries: list[Any] = [
        {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
        for number, handle in enumerate(receipt_handles)
    ]
    with map_access_denied(f"make messages of {_name(queue_url)} visible again"):
        sqs.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)


def _received(message: Any) -> Received:
    system = message.get("Attributes", {})
    return Received(
        message["Body"],
        message["ReceiptHandle"],
        {
            name: attribute["StringValue"]
            for name, attribute in message.get("MessageAttributes", {}).items()
            if "StringValue" in attribute
        },
        datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        system.get("DeadLetterQueueSourceArn", ""),
    )


def _successes(answer: Any, count: int) -> list[bool]:
    done = {entry["Id"] for entry in answer.get("Successful", [])}
    return [str(number) in done for number in range(count)]


def _said_at(metadata: Any) -> datetime:
    """The Date header of an answer; this machine's clock where there is none."""
    date = metadata.get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)


def _name(queue_url: str) -> str:
    return queue_url.rpartition("/")[2]
