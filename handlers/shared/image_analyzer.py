"""What every function that renders asks about photos before it does, made from its settings."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from lib.rekognition import ImageAnalyzer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from handlers.shared.settings import AnalyzerSettings

# One more try for a connection that broke: somebody waits for the answer, or a message goes back
# to its queue, which spreads a burst better than waiting here.
CLIENTS = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)


def make_image_analyzer(
    settings: "AnalyzerSettings", s3: "S3Client", originals_bucket: str
) -> ImageAnalyzer | None:
    """Who looks at photos; None, and no client is made, where nothing is asked about them."""
    if settings.moderation_confidence is None and not settings.faces:
        return None
    return ImageAnalyzer(
        s3=s3,
        originals_bucket=originals_bucket,
        rekognition=boto3.client("rekognition", config=CLIENTS),
        confidence=settings.moderation_confidence,
        faces=settings.faces,
    )
