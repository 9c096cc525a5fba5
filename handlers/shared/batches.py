"""Code that the queue workers' functions share: batches, client settings and the source queue."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from handlers.shared.settings import QueueSettings
from lib.aws.call_budget import CONNECT_SECONDS
from lib.aws.clients import SQSClient
from lib.pipeline.messages import MAY_STOP_WORKERS, REASON, REPLAYED, UNTRIED_SINCE, SqsMessage
from lib.pipeline.redeliveries import Redeliveries
from lib.pipeline.source_queue import SourceQueue

if TYPE_CHECKING:
    from lib.fetching.worker import FetchWorker
    from lib.pipeline.telemetry import Telemetry
    from lib.pipeline.worker import ResizeWorker


def drain(
    worker: "ResizeWorker | FetchWorker", event: Any, context: LambdaContext
) -> dict[str, Any]:
    """Drains one batch; returns the messages that SQS must deliver again."""
    with worker.telemetry.batch():
        return build_batch_response(
            worker.drain(
                parse_messages(event), lambda: context.get_remaining_time_in_millis() / 1000
            )
        )


def client_config(read_seconds: int) -> Config:
    """Builds the configuration of a worker's clients; each read times out after `read_seconds`."""
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": 3},
    )


def source_queue(
    settings: QueueSettings, sqs: SQSClient, telemetry: "Telemetry", size: str = ""
) -> SourceQueue:
    """Builds the queue that a worker drains."""
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


def parse_messages(event: Any) -> list[SqsMessage]:
    """Parses a batch.

    Raises ValueError for any other event: a response without failures would report success.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise ValueError("not an SQS event: it has no list of Records")
    return [_parse_message(record) for record in records]


def _parse_message(record: dict[str, Any]) -> SqsMessage:
    system, custom = record["attributes"], record.get("messageAttributes", {})
    first_received = system.get("ApproximateFirstReceiveTimestamp")
    return SqsMessage(
        record["messageId"],
        record["body"],
        record["receiptHandle"],
        int(system["ApproximateReceiveCount"]),
        received_at=(
            datetime.fromtimestamp(int(first_received) / 1000, UTC) if first_received else None
        ),
        untried_since=_parse_time(_get_text(custom, UNTRIED_SINCE)),
        may_stop_workers=_get_text(custom, MAY_STOP_WORKERS) == "true",
        was_dead_letter=any(_get_text(custom, name) for name in (REPLAYED, REASON)),
    )


def _get_text(attributes: dict[str, Any], name: str) -> str:
    return str(attributes.get(name, {}).get("stringValue") or "")


def _parse_time(text: str) -> datetime | None:
    """Returns None for a text that no worker wrote."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


def build_batch_response(ids: list[str]) -> dict[str, Any]:
    """Builds SQS's partial batch response; SQS deletes the messages that it does not name."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
