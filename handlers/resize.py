"""SQS batch -> variants of one size. One deployment of this handler per size."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from botocore.config import Config

from handlers.settings import ResizeSettings
from lib.aws import s3 as objects
from lib.telemetry import Telemetry
from lib.variants import Renderer
from lib.worker import Message, Worker, attempts_of, riskiest_last

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

# S3 answers in tens of milliseconds; a connection that is silent for 5 s will not come back,
# and SQS does the patient retrying.
_CLIENTS = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Drain one batch; the answer lists the messages that SQS must deliver again."""
    worker = _worker()
    batch = riskiest_last(event)

    def take(record: "SQSRecord") -> None:
        message = Message(
            record.message_id,
            record.body,
            record.receipt_handle,
            attempts_of(record.raw_event),
            at_risk=attempts_of(batch["Records"][-1]) > 1,
        )
        worker.take(message, lambda: context.get_remaining_time_in_millis() / 1000)

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    with worker.telemetry.batch():
        return process_partial_response(batch, take, processor, context)


@lru_cache(maxsize=1)
def _worker() -> Worker:
    """Made once a container: clients keep their connections open between batches."""
    settings = ResizeSettings.from_environment()
    s3 = boto3.client("s3", config=_CLIENTS)
    objects.write_once(s3)
    renderer = Renderer(
        s3=s3,
        size=settings.size,
        originals_bucket=settings.originals_bucket,
        images_bucket=settings.images_bucket,
        cache_control=settings.cache_control,
        max_bytes=settings.max_upload_bytes,
    )
    return Worker(
        renderer=renderer,
        sqs=boto3.client("sqs", config=_CLIENTS),
        queue_url=settings.queue_url,
        dlq_url=settings.dlq_url,
        max_attempts=settings.max_receive_count,
        reserve=settings.reserve_seconds,
        telemetry=Telemetry(settings.size.name),
    )
