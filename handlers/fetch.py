"""An order of the fetch queue -> a photo from the web in the originals bucket."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from handlers.batches import failed, messages
from handlers.settings import FetchSettings
from lib.aws import s3 as objects
from lib.fetching.download import Downloader
from lib.fetching.fetcher import Fetcher
from lib.fetching.marks import PLACE, Marks
from lib.fetching.worker import FetchWorker
from lib.images.limits import MAX_BYTES
from lib.telemetry import Telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# As for the sizes' workers, but S3 may need longer to take a photo of 200 MiB in.
_CLIENTS = Config(
    connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}
)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Carry out one batch's orders; the answer lists those that SQS must deliver again."""
    worker = _worker()
    with worker.telemetry.batch():
        return failed(
            worker.drain(messages(event), lambda: context.get_remaining_time_in_millis() / 1000)
        )


@lru_cache(maxsize=1)
def _worker() -> FetchWorker:
    """Made once a container: clients keep their connections open between batches."""
    settings = FetchSettings.from_environment()
    s3 = boto3.client("s3", config=_CLIENTS)
    objects.write_once(s3)
    fetcher = Fetcher(
        s3=s3,
        originals_bucket=settings.originals_bucket,
        marks=Marks(s3, settings.failures_bucket),
        # What is larger than any renderer takes is not worth its transfer.
        downloader=Downloader(
            min(settings.max_upload_bytes, MAX_BYTES), allow_loopback=settings.fetch_loopback
        ),
        content_types=settings.upload_types,
    )
    return FetchWorker(
        fetcher=fetcher,
        sqs=boto3.client("sqs", config=_CLIENTS),
        queue_url=settings.queue_url,
        dlq_url=settings.dlq_url,
        max_attempts=settings.max_receive_count,
        reserve=settings.reserve_seconds,
        landing=settings.landing_seconds,
        telemetry=Telemetry(PLACE),
    )
