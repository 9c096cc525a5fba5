"""SQS batch -> variants of one size. One deployment of this handler per size."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3

from handlers.batches import client_config, drain, source_queue
from handlers.content import content_check
from handlers.settings import ResizeSettings
from lib.aws import s3 as objects
from lib.aws.patience import READ_SECONDS, Patience
from lib.delivery import Delivery
from lib.failure_records import FailureRecords
from lib.purge_queue import PurgeQueue
from lib.telemetry import Telemetry
from lib.turns import Turns
from lib.variants import Renderer
from lib.worker import Worker

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Drain one batch; the answer lists the messages that SQS must deliver again."""
    return drain(_worker(), event, context)


@lru_cache(maxsize=1)
def _worker() -> Worker:
    """Made once a container: clients keep their connections open between batches."""
    settings = ResizeSettings.from_environment()
    telemetry, config = Telemetry(settings.size.name), client_config(READ_SECONDS)
    s3, sqs = boto3.client("s3", config=config), boto3.client("sqs", config=config)
    objects.disable_write_retries(s3)
    patience = Patience()
    patience.bind(s3)
    # What is told SQS is told however late.
    patience.bind_retries(sqs)
    content = content_check(settings, s3, settings.originals_bucket)
    if content:
        patience.bind(content.rekognition)
    purge_url, delay = settings.purge_queue_url, settings.purge_delay
    renderer = Renderer(
        s3=s3,
        size=settings.size,
        originals_bucket=settings.originals_bucket,
        images_bucket=settings.images_bucket,
        delivery=Delivery(settings.cache_control, settings.acl),
        max_bytes=settings.max_upload_bytes,
        turns=Turns(settings.size.waiting_memory),
        purges=PurgeQueue(sqs, purge_url, delay, settings.serve_signed) if purge_url else None,
        content=content,
    )
    return Worker(
        renderer=renderer,
        records=FailureRecords(s3, settings.failures_bucket, settings.size.name),
        queue=source_queue(settings, sqs, telemetry, settings.size.name),
        reserve=settings.reserve_seconds,
        telemetry=telemetry,
        patience=patience,
    )
