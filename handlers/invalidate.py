"""Intentions to purge -> one invalidation a batch."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from handlers.shared.batches import build_batch_response, parse_messages
from handlers.shared.settings import InvalidateSettings
from lib.pipeline.invalidations import Invalidator
from lib.pipeline.telemetry import SERVICE

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# CloudFront takes a second or two to accept an invalidation, and refuses when many are under way:
# SQS does the patient retrying.
_CLIENT = Config(connect_timeout=2, read_timeout=8, retries={"total_max_attempts": 2})
# Kept for the last call, both of its tries, and for parking what CloudFront has refused.
_RESERVE_SECONDS = 30


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Purge what a batch of messages names; a failure to do so returns the whole batch."""

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE_SECONDS * 1000

    return build_batch_response(_purger().invalidate(parse_messages(event), has_time))


@lru_cache(maxsize=1)
def _purger() -> Invalidator:
    """Made once a container."""
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
