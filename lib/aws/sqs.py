"""SQS: sends, receives, delays, counts and deletes messages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lib.aws.clients import SQSClient
from lib.aws.error_mapping import SuppressCodes, map_access_denied, map_errors
from lib.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

# The most messages in one call of SQS.
BATCH = 10
# The most bytes of messages in one SendMessageBatch. SQS has accepted four times as much since
# 2025, but not all of its emulators do.
BATCH_BYTES = 256 * 1024

# A missing queue, by its older name and by that of the JSON protocol. boto3 has an exception class
# for it, but makes the class at a client's first error: of threads that have theirs at once, each
# may make one, and not know the other's.
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
# Visible, in flight, and delayed.
_COUNTS: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Received(NamedTuple):
    """A received message; `attributes` come from its sender, `sent_at` and `moved_from` from SQS.

    `moved_from` is the ARN of the queue whose redrive policy moved the message, or "".
    """

    body: str
    receipt_handle: str
    attributes: dict[str, str]
    sent_at: datetime
    moved_from: str


class Depth(NamedTuple):
    """Approximate numbers of visible and in-flight messages; `as_of` is by SQS's clock."""

    visible: int
    in_flight: int
    as_of: datetime


def send(
    sqs: SQSClient, queue_url: str, body: str, attributes: Mapping[str, str], *, delay: int = 0
) -> None:
    """Sends a message that becomes visible after `delay` seconds.

    Omits empty attributes, which SQS rejects.
    """
    with map_errors("SQS SendMessage"):
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=body,
            DelaySeconds=delay,
            MessageAttributes=_build_attributes(attributes),
        )


def _build_attributes(attributes: Mapping[str, str]) -> "dict[str, MessageAttributeValueTypeDef]":
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in attributes.items()
        if value
    }


def change_visibility(sqs: SQSClient, queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Makes a received message visible again after `seconds`."""
    with map_errors("SQS ChangeMessageVisibility"):
        sqs.change_message_visibility(
            QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


def delete(sqs: SQSClient, queue_url: str, receipt_handle: str) -> None:
    """Deletes a received message."""
    with map_errors("SQS DeleteMessage"):
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=receipt_handle)


def find_queue(sqs: SQSClient, name: str) -> str:
    """Returns a queue's URL; raises ConfigError if there is no queue of this name."""
    with map_access_denied(f"find the queue {name}"), SuppressCodes(*_NO_QUEUE):
        return sqs.get_queue_url(QueueName=name)["QueueUrl"]
    raise ConfigError(f"There is no queue {name}: this stage was deployed without")


def get_account(queue_url: str) -> str:
    """Returns a queue's account: its URL ends in account and name."""
    return queue_url.split("/")[-2]


def get_attributes(sqs: SQSClient, queue_url: str) -> dict[str, str]:
    """Returns all attributes of a queue, by SQS's names."""
    with map_access_denied(f"read the attributes of {_get_name(queue_url)}"):
        response = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    return {str(name): value for name, value in response.get("Attributes", {}).items()}


def get_depth(sqs: SQSClient, queue_url: str) -> Depth:
    """Returns SQS's approximate message counts of a queue."""
    visible: QueueAttributeNameType = "ApproximateNumberOfMessages"
    in_flight: QueueAttributeNameType = "ApproximateNumberOfMessagesNotVisible"
    with map_access_denied(f"count the messages of {_get_name(queue_url)}"):
        response = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[visible, in_flight])
    counts = response["Attributes"]
    return Depth(
        int(counts[visible]), int(counts[in_flight]), _get_date(response["ResponseMetadata"])
    )


def count_messages(sqs: SQSClient, queue_url: str) -> int:
    """Returns how many messages the queue's deletion would lose: 0 if the queue is gone."""
    with map_errors(f"counting the messages of {queue_url}"), SuppressCodes(*_NO_QUEUE):
        response = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=_COUNTS)
        return sum(int(response["Attributes"].get(name, "0")) for name in _COUNTS)
    return 0


def receive(
    sqs: SQSClient, queue_url: str, *, hidden_seconds: int, wait_seconds: int
) -> list[Received]:
    """Receives up to ten messages and hides them from other receivers; waits for the first.

    Only a waiting call queries all of SQS's servers, so that no messages means an empty queue.
    """
    with map_access_denied(f"receive messages of {_get_name(queue_url)}"):
        response = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=hidden_seconds,
            WaitTimeSeconds=wait_seconds,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp", "DeadLetterQueueSourceArn"],
        )
    return [_make_received(message) for message in response.get("Messages", [])]


def send_batch(
    sqs: SQSClient,
    queue_url: str,
    bodies: Sequence[str],
    attributes: Mapping[str, str] | None = None,
) -> list[bool]:
    """Sends up to ten messages, all with these attributes; returns for each whether it was sent."""
    common = _build_attributes(attributes or {})
    entries: list[Any] = [
        {"Id": str(number), "MessageBody": body, "MessageAttributes": common}
        for number, body in enumerate(bodies)
    ]
    with map_access_denied(f"send messages to {_get_name(queue_url)}"):
        response = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
    return _get_successes(response, len(bodies))


def delete_batch(sqs: SQSClient, queue_url: str, receipt_handles: Sequence[str]) -> list[bool]:
    """Deletes up to ten received messages; returns for each whether it is deleted."""
    entries: list[Any] = [
        {"Id": str(number), "ReceiptHandle": handle}
        for number, handle in enumerate(receipt_handles)
    ]
    with map_access_denied(f"delete messages of {_get_name(queue_url)}"):
        response = sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    return _get_successes(response, len(receipt_handles))


def release_batch(sqs: SQSClient, queue_url: str, receipt_handles: Sequence[str]) -> None:
    """Makes up to ten received messages visible at once; ignores deleted ones."""
    entries: list[Any] = [
        {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
        for number, handle in enumerate(receipt_handles)
    ]
    with map_access_denied(f"make messages of {_get_name(queue_url)} visible again"):
        sqs.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)


def _make_received(message: Any) -> Received:
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


def _get_successes(response: Any, count: int) -> list[bool]:
    succeeded = {entry["Id"] for entry in response.get("Successful", [])}
    return [str(number) in succeeded for number in range(count)]


def _get_date(metadata: Any) -> datetime:
    """Returns the Date header of a response, or this machine's time without one."""
    date = metadata.get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)


def _get_name(queue_url: str) -> str:
    return queue_url.rpartition("/")[2]
