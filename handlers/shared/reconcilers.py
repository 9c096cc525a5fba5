"""Builds the reconciler of a size, for the size's worker and for variants on demand."""

from handlers.shared.settings import VariantSettings
from lib.aws.clients import S3Client, SQSClient
from lib.pipeline.invalidation_queue import InvalidationQueue
from lib.pipeline.put_options import PutOptions
from lib.pipeline.reconciler import VariantReconciler
from lib.pipeline.render_slots import RenderSlots
from lib.rekognition import ImageAnalyzer
from lib.sizes import Size
from lib.watermarks import load_packed


def make_reconciler(
    settings: VariantSettings,
    s3: S3Client,
    sqs: SQSClient,
    size: Size,
    cache_control: str,
    *,
    image_analyzer: ImageAnalyzer | None,
    signed: bool,
) -> VariantReconciler:
    """Builds the reconciler; `signed` is whether CloudFront serves signed URLs."""
    queue = None
    if settings.purge_queue_url:
        queue = InvalidationQueue(sqs, settings.purge_queue_url, settings.purge_delay, signed)
    return VariantReconciler(
        s3=s3,
        size=size,
        originals=settings.originals,
        images_bucket=settings.images_bucket,
        put_options=PutOptions(cache_control, settings.acl),
        max_bytes=settings.max_upload_bytes,
        render_slots=RenderSlots(size.waiting_memory),
        invalidation_queue=queue,
        image_analyzer=image_analyzer,
        watermark=load_packed(size),
    )
