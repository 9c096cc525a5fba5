"""SQS batch of fetch jobs -> photos from the web in the originals bucket."""

from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Json

from handlers.shared.batches import client_config, drain, source_queue
from handlers.shared.settings import QueueSettings
from lib.aws import s3 as objects
from lib.aws.call_budget import CONNECT_SECONDS, REPORT_SECONDS, CallBudget
from lib.fetching.download import Downloader
from lib.fetching.fetcher import Fetcher
from lib.fetching.records import FetchRecords
from lib.fetching.worker import FetchWorker
from lib.images.limits import MAX_BYTES
from lib.keys import FETCH_RECORDS
from lib.pipeline.telemetry import Telemetry

# Longer than the resize workers' timeout: S3 may need longer to store a photo of 200 MiB.
_READ_SECONDS = 10


class FetchSettings(QueueSettings):
    """Settings of this function."""

    upload_types: Json[list[str]]
    # Also fetches from 127.0.0.0/8; only the local stage sets it.
    fetch_loopback: bool = False


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Runs one batch of fetch jobs; returns those that SQS must deliver again."""
    return drain(_worker(), event, context)


@lru_cache(maxsize=1)
def _worker() -> FetchWorker:
    """Built once per container: clients keep their connections open between batches."""
    settings = FetchSettings.from_environment()
    telemetry, config = Telemetry(FETCH_RECORDS), client_config(_READ_SECONDS)
    s3, sqs = boto3.client("s3", config=config), boto3.client("sqs", config=config)
    objects.disable_write_retries(s3)
    call_budget = CallBudget(CONNECT_SECONDS + _READ_SECONDS + REPORT_SECONDS)
    for client in (s3, sqs):
        call_budget.bind_retries(client)
    fetcher = Fetcher(
        s3=s3,
        originals=settings.originals,
        records=FetchRecords(s3, settings.failures_bucket),
        # A photo above the renderer's own limit is not worth its transfer.
        downloader=Downloader(
            min(settings.max_upload_bytes, MAX_BYTES), allow_loopback=settings.fetch_loopback
        ),
        content_types=settings.upload_types,
    )
    return FetchWorker(
        fetcher=fetcher,
        queue=source_queue(settings, sqs, telemetry),
        reserved_seconds=settings.reserve_seconds,
        telemetry=telemetry,
        call_budget=call_budget,
    )
