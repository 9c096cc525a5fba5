"""Builds the use case that renders missing variants: one reconciler per size, on first use."""

from dataclasses import replace
from functools import cache

import boto3

from handlers.shared.image_analyzer import CLIENTS, make_image_analyzer
from handlers.shared.reconcilers import make_reconciler
from handlers.shared.settings import OnDemandVariantsSettings
from lib.aws import s3 as objects
from lib.aws import sqs as queues
from lib.on_demand import ON_DEMAND
from lib.on_demand.attempts import Attempts
from lib.on_demand.variants import OnDemandVariants
from lib.pipeline.rechecks import RecheckQueue
from lib.pipeline.reconciler import VariantReconciler
from lib.pipeline.telemetry import Telemetry
from lib.sizes import Size


def make_on_demand_variants(settings: OnDemandVariantsSettings) -> OnDemandVariants:
    """Builds the use case, with its own clients."""
    s3 = boto3.client("s3", config=CLIENTS)
    sqs = boto3.client("sqs", config=CLIENTS)
    objects.disable_write_retries(s3)
    image_analyzer = make_image_analyzer(settings, s3, settings.originals)
    telemetry = Telemetry(ON_DEMAND)

    @cache
    def get_reconciler(size: Size) -> VariantReconciler:
        queue_url = queues.find_queue(sqs, settings.queue_prefix + size.name)
        recheck_queue = RecheckQueue(sqs, queue_url, settings.originals, settings.check_delay)
        attempts = Attempts(
            s3, settings.failures_bucket, size, recheck_queue, settings.attempt_seconds, telemetry
        )
        reconciler = make_reconciler(
            settings,
            s3,
            sqs,
            size,
            settings.lifetimes.build_header(size),
            image_analyzer=image_analyzer,
            signed=settings.signing_keys is not None,
        )
        return replace(reconciler, recheck_queue=recheck_queue, record_attempt=attempts.record)

    return OnDemandVariants(
        s3=s3,
        originals=settings.originals,
        images_bucket=settings.images_bucket,
        failures_bucket=settings.failures_bucket,
        sizes=settings.packed_sizes,
        get_reconciler=get_reconciler,
    )
