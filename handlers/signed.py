"""What checks signatures and makes signed pictures, from a function's settings."""

import boto3
from aws_lambda_powertools import Logger

from handlers.content import CLIENTS, content_check
from handlers.settings import OnDemandSettings
from lib.on_demand.options import MEMORY
from lib.on_demand.signed import SignedPictures
from lib.on_demand.signing_keys import SigningKeys
from lib.on_demand.wishes import SignedWishes
from lib.telemetry import SERVICE


def signed_wishes(signing_keys: str) -> SignedWishes:
    """Who checks signatures by the keys in this secret, with a client of its own."""
    keys = SigningKeys(boto3.client("secretsmanager", config=CLIENTS), signing_keys)
    return SignedWishes(keys.kept(Logger(service=SERVICE)))


def signed_pictures(settings: OnDemandSettings) -> SignedPictures | None:
    """The use case, with clients of its own; None on a stage without signed URLs."""
    if settings.signing_keys is None:
        return None
    s3 = boto3.client("s3", config=CLIENTS)
    return SignedPictures(
        s3=s3,
        originals_bucket=settings.originals_bucket,
        wishes=signed_wishes(settings.signing_keys),
        memory=MEMORY,
        max_bytes=settings.max_upload_bytes,
        browser_seconds=settings.browser_seconds,
        cdn_seconds=settings.cdn_seconds,
        content=content_check(settings, s3, settings.originals_bucket),
    )
