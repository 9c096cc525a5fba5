"""Builds the use cases behind signed URLs from a function's settings."""

import boto3
from aws_lambda_powertools import Logger

from handlers.shared.image_analyzer import CLIENTS, make_image_analyzer
from handlers.shared.settings import OnDemandVariantsSettings
from lib.auth.signing_keys import SigningKeys
from lib.on_demand.options import MEMORY
from lib.on_demand.signed_images import SignedImages
from lib.on_demand.signed_requests import SignedRequestVerifier
from lib.pipeline.telemetry import SERVICE


def make_request_verifier(secret_arn: str) -> SignedRequestVerifier:
    """Builds the verifier of signatures made with this secret's keys."""
    keys = SigningKeys(boto3.client("secretsmanager", config=CLIENTS), secret_arn)
    return SignedRequestVerifier(keys.cache(Logger(service=SERVICE)))


def make_signed_images(settings: OnDemandVariantsSettings) -> SignedImages | None:
    """Builds the use case; returns None on a stage without signed URLs."""
    if settings.signing_keys is None:
        return None
    s3 = boto3.client("s3", config=CLIENTS)
    return SignedImages(
        s3=s3,
        originals=settings.originals,
        verifier=make_request_verifier(settings.signing_keys),
        memory=MEMORY,
        max_bytes=settings.max_upload_bytes,
        browser_seconds=settings.browser_seconds,
        cdn_seconds=settings.cdn_seconds,
        image_analyzer=make_image_analyzer(settings, s3, settings.originals),
    )
