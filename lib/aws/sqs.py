"""Messages: sent, sent back to wait for another try, deleted."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lib.aws.failures import said_if_denied, translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Messages that one call of SQS takes or gives at most.
BATCH = 10


def send(
    sqs: "SQSClient", queue_url: str, body: str, attributes: Mapping[str, str], *, delay: int = 0
) -> None:
    """Send a message that can be received after `delay` seconds.

    Attributes without a value are left out, because SQS refuses them.
    """
    with translated("SQS SendMessage"):
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


def return_after(sqs: "SQSClient", queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Let a message that is being worked on be received again after so many seconds."""
    with translated("SQS ChangeMessageVisibility"):
        sqs.change_message_visibility(
            QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


def delete(sqs: "SQSClient", queue_url: str, receipt_handle: str) -> None:
    """Delete a message that is being worked on."""
    with translated("SQS DeleteMessage"):
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=receipt_handle)


def send_batch(sqs: "SQSClient", queue_url: str, bodies: Sequence[str]) -> list[bool]:
    """Send up to ten messages without attributes; for each whether SQS has taken it."""
    entries: list[Any] = [
        {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)
    ]
    with said_if_denied(f"send messages to {_name(queue_url)}"):
        answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
    return _successes(answer, len(bodies))


def _successes(answer: Any, count: int) -> list[bool]:
    done = {entry["Id"] for entry in answer.get("Successful", [])}
    return [str(number) in done for number in range(count)]


def _name(queue_url: str) -> str:
    return queue_url.rpartition("/")[2]
