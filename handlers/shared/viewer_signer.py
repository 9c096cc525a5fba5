"""Builds the signer of variants' URLs; its packages are imported on private stages only."""

from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger

from handlers.shared.settings import PhotoSettings

if TYPE_CHECKING:
    from lib.auth.viewer_signatures import ViewerSigner


def make_viewer_signer(settings: PhotoSettings) -> "ViewerSigner | None":
    """Builds the signer; None on a stage that shows its variants to everyone."""
    if settings.viewer_keys is None:
        return None
    # The zips of other stages lack cryptography, and their cold starts need not pay for the rest.
    from lib.auth.viewer_keys import ViewerKeyStore  # noqa: PLC0415
    from lib.auth.viewer_signatures import ViewerSigner  # noqa: PLC0415

    store = ViewerKeyStore(boto3.client("secretsmanager"), settings.viewer_keys)
    return ViewerSigner.cached(store.cache(Logger(service="api")), settings.viewer_key_ids)
