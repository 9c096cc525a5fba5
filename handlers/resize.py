"""SQS batch -> variants of one size. One deployment of this handler per size."""

from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Json

from handlers.shared.batches import client_config, drain, source_queue
from handlers.shared.image_analyzer import make_image_analyzer
from handlers.shared.reconcilers import make_reconciler
from handlers.shared.settings import QueueSettings, VariantSettings
from lib.aws import s3 as objects
from lib.aws.call_budget import READ_SECONDS, CallBudget
from lib.pipeline.failure_records import FailureRecords
from lib.pipeline.telemetry import Telemetry
from lib.pipeline.worker import ResizeWorker
from lib.sizes import Size


class ResizeSettings(VariantSettings, QueueSettings):
    """Settings of one size's worker."""

    size: Json[Size]
    # Whether CloudFront serves signed URLs.
    serve_signed: bool = False
    cache_control: str


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Drains one batch; returns the messages that SQS must deliver again."""
    return drain(_worker(), event, context)


@lru_cache(maxsize=1)
def _worker() -> ResizeWorker:
    """Built once per container: clients keep their connections open between batches."""
    settings = ResizeSettings.from_environment()
    telemetry, config = Telemetry(settings.size.name), client_config(READ_SECONDS)
    s3, sqs = boto3.client("s3", config=config), boto3.client("sqs", config=config)
    objects.disable_write_retries(s3)
    call_budget = CallBudget()
    call_budget.bind(s3)
    # A late SQS call is better than none, so only its retries are limited.
    call_budget.bind_retries(sqs)
    image_analyzer = make_image_analyzer(settings, s3, settings.originals)
    if image_analyzer:
        call_budget.bind(image_analyzer.rekognition)
    reconciler = make_reconciler(
        settings,
        s3,
        sqs,
        settings.size,
        settings.cache_control,
        image_analyzer=image_analyzer,
        signed=settings.serve_signed,
    )
    return ResizeWorker(
        reconciler=reconciler,
        records=FailureRecords(s3, settings.failures_bucket, settings.size.name),
        queue=source_queue(settings, sqs, telemetry, settings.size.name),
        reserved_seconds=settings.reserve_seconds,
        telemetry=telemetry,
        call_budget=call_budget,
    )
