"""What makes missing variants, for the doors that do so: one renderer a size, when it is needed."""

from functools import cache

import boto3

from handlers.content import CLIENTS, content_check
from handlers.settings import DeclaredSettings
from lib.aws import s3 as objects
from lib.aws import sqs as queues
from lib.checks import LaterChecks
from lib.delivery import Caching, Delivery
from lib.on_demand import PLACE
from lib.on_demand.attempts import Attempts
from lib.on_demand.declared import DeclaredVariants
from lib.purge_queue import PurgeQueue
from lib.sizes import Size
from lib.telemetry import Telemetry
from lib.turns import Turns
from lib.variants import Renderer


def declared_variants(settings: DeclaredSettings) -> DeclaredVariants:
    """The use case, with clients of its own."""
    s3 = boto3.client("s3", config=CLIENTS)
    sqs = boto3.client("sqs", config=CLIENTS)
    objects.disable_write_retries(s3)
    caching = Caching(settings.browser_seconds, settings.cdn_seconds, settings.immutable)
    content = content_check(settings, s3, settings.originals_bucket)
    purge_url, delay = settings.purge_queue_url, settings.purge_delay
    signed = settings.signing_keys is not None
    telemetry = Telemetry(PLACE)

    @cache
    def renderer_of(size: Size) -> Renderer:
        queue_url = queues.find_queue(sqs, settings.queue_prefix + size.name)
        checks = LaterChecks(sqs, queue_url, settings.originals_bucket, settings.check_delay)
        attempts = Attempts(
            s3, settings.failures_bucket, size, checks, settings.attempt_seconds, telemetry
        )
        return Renderer(
            s3=s3,
            size=size,
            originals_bucket=settings.originals_bucket,
            images_bucket=settings.images_bucket,
            delivery=Delivery(caching.of(size), settings.acl),
            max_bytes=settings.max_upload_bytes,
            turns=Turns(size.waiting_memory),
            purges=PurgeQueue(sqs, purge_url, delay, signed) if purge_url else None,
            content=content,
            checks=checks,
            trying=attempts.trying,
        )

    return DeclaredVariants(
        s3=s3,
        originals_bucket=settings.originals_bucket,
        images_bucket=settings.images_bucket,
        failures_bucket=settings.failures_bucket,
        sizes=settings.packed_sizes,
        renderer_of=renderer_of,
    )
