"""What functions that drain a queue share: their batches, clients and queue."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from lib.aws.call_budget import CONNECT_SECONDS
from lib.pipeline.messages import MAY_STOP_WORKERS, UNTRIED_SINCE, SqsMessage
from lib.pipeline.redeliveries import Redeliveries
from lib.pipeline.source_queue import SourceQueue

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient

    from handlers.shared.settings import QueueSettings
    from lib.fetching.worker import FetchWorker
    from lib.pipeline.telemetry import Telemetry
    from lib.pipeline.worker import ResizeWorker


def drain(
    worker: "ResizeWorker | FetchWorker", event: Any, context: "LambdaContext"
) -> dict[str, Any]:
    """Drain one batch; the answer lists the messages that SQS must deliver again."""
    with worker.telemetry.batch():
        return build_batch_response(
            worker.drain(
                parse_messages(event), lambda: context.get_remaining_time_in_millis() / 1000
            )
        )


def client_config(read_seconds: int) -> Config:
    """How a worker's clients call AWS, with so many seconds for each answer."""
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": 3},
    )


def source_queue(
    settings: "QueueSettings", sqs: "SQSClient", telemetry: "Telemetry", size: str = ""
) -> SourceQueue:
    """The queue that these settings name."""
    return SourceQueue(
        sqs=sqs,
        url=settings.queue_url,
        dlq_url=settings.dlq_url,
        max_attempts=settings.max_receive_count,
        write_grace_seconds=settings.landing_seconds,
        telemetry=telemetry,
        redeliveries=Redeliveries(settings.visibility_seconds),
        size=size,
    )


def get_records(event: Any) -> list[dict[str, Any]]:
    """The messages of a batch; ValueError for anything else.

    An answer to what is no batch would tell its sender that all went well.
    """
    found = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(found, list):
        raise ValueError("not an SQS event: it has no list of Records")
    return found


def parse_messages(event: Any) -> list[SqsMessage]:
    """The messages of a batch as a worker sees them; ValueError as for `records`."""
    return [_message(record) for record in get_records(event)]


def _message(record: dict[str, Any]) -> SqsMessage:
    system, own = record["attributes"], record.get("messageAttributes", {})
    first = system.get("ApproximateFirstReceiveTimestamp")
    return SqsMessage(
        record["messageId"],
        record["body"],
        record["receiptHandle"],
        int(system["ApproximateReceiveCount"]),
        received_at=datetime.fromtimestamp(int(first) / 1000, UTC) if first else None,
        untried_since=_time(_text(own, UNTRIED_SINCE)),
        may_stop_workers=_text(own, MAY_STOP_WORKERS) == "true",
    )


def _text(attributes: dict[str, Any], name: str) -> str:
    return str(attributes.get(name, {}).get("stringValue") or "")


def _time(text: str) -> datetime | None:
    """None where anybody but a worker has written it."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


def build_batch_response(ids: list[str]) -> dict[str, Any]:
    """SQS's partial batch response; messages that are not named are deleted."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
