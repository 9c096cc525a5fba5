"""SQS batch of CDN paths -> one CloudFront invalidation."""

from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from handlers.shared.batches import build_batch_response, parse_messages
from handlers.shared.settings import Settings
from lib.pipeline.invalidations import Invalidator
from lib.pipeline.telemetry import SERVICE

# CloudFront takes a second or two to accept an invalidation, and throttles if many are in progress:
# SQS retries for as long as that takes.
_CLIENT = Config(connect_timeout=2, read_timeout=8, retries={"total_max_attempts": 2})
# Reserved for both attempts of the last call, and for sending refused messages to the DLQ.
_RESERVE_SECONDS = 30


class InvalidateSettings(Settings):
    """Settings of this function."""

    distribution_id: str
    dlq_url: str
    # Whether CloudFront selects a format by the Accept header.
    serve_formats: bool
    # Whether CloudFront serves signed URLs.
    serve_signed: bool


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Invalidates the paths of one batch; returns the messages that SQS must deliver again."""

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE_SECONDS * 1000

    return build_batch_response(_invalidator().invalidate(parse_messages(event), has_time))


@lru_cache(maxsize=1)
def _invalidator() -> Invalidator:
    settings = InvalidateSettings.from_environment()
    return Invalidator(
        boto3.client("cloudfront", config=_CLIENT),
        settings.distribution_id,
        boto3.client("sqs", config=_CLIENT),
        settings.dlq_url,
        Logger(service=SERVICE),
        formats=settings.serve_formats,
        signed=settings.serve_signed,
    )
