"""Intentions to purge -> one invalidation a batch."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from handlers.batches import failed, records
from handlers.settings import PurgeSettings
from lib.purges import Intention, Purger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# CloudFront takes a second or two to accept an invalidation, and refuses when many are under way:
# SQS does the patient retrying.
_CLIENT = Config(connect_timeout=2, read_timeout=8, retries={"total_max_attempts": 2})


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Purge what a batch of messages names; a failure to do so returns the whole batch."""
    batch = [Intention(record["messageId"], record["body"]) for record in records(event)]
    return failed(_purger().purge(batch))


@lru_cache(maxsize=1)
def _purger() -> Purger:
    """Made once a container."""
    settings = PurgeSettings.from_environment()
    cloudfront = boto3.client("cloudfront", config=_CLIENT)
    return Purger(
        cloudfront,
        settings.distribution_id,
        formats=settings.serve_formats,
        signed=settings.serve_signed,
    )
