"""Builds the optional Rekognition check that runs before a photo is rendered."""

import boto3
from botocore.config import Config

from handlers.shared.settings import AnalyzerSettings
from lib.aws.clients import S3Client
from lib.keys import Originals
from lib.rekognition import ImageAnalyzer

# One retry for a broken connection. More would keep a caller waiting; a message returns to its
# queue instead, which spreads a burst better.
CLIENTS = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)


def make_image_analyzer(
    settings: AnalyzerSettings, s3: S3Client, originals: Originals
) -> ImageAnalyzer | None:
    """Builds the check; returns None, and makes no client, if the stage checks nothing."""
    if settings.moderation_confidence is None and not settings.faces:
        return None
    return ImageAnalyzer(
        s3=s3,
        originals=originals,
        rekognition=boto3.client("rekognition", config=CLIENTS),
        confidence=settings.moderation_confidence,
        faces=settings.faces,
    )
