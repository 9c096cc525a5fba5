"""Messages: sent, sent back to wait for another try, deleted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lib.aws.failures import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


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
