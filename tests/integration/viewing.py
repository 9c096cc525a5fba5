"""The secret that a private stage's key pairs are kept in, on moto."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest

from lib.auth.viewer_keys import ViewerKeyStore, serialize
from lib.auth.viewer_signatures import make_key_pair
from lib.aws import secrets as edge

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "image-fanout-dev-viewer-keys"
FIRST = make_key_pair(datetime(2026, 1, 1, tzinfo=UTC))
# As CloudFront names the key of the first deploy.
IDS = json.dumps({FIRST.id: "K1"})


class ViewerSecret:
    """As the first deploy leaves it: one key, which signs."""

    def __init__(self) -> None:
        self.client: SecretsManagerClient = boto3.client("secretsmanager")
        self.client.create_secret(Name=NAME, SecretString=serialize([FIRST]))

    def store(self) -> ViewerKeyStore:
        """The keys as one more person or program sees them: with a client of their own."""
        return ViewerKeyStore(boto3.client("secretsmanager"), NAME)


@pytest.fixture
def viewer_secret(monkeypatch: pytest.MonkeyPatch) -> ViewerSecret:
    monkeypatch.setattr(edge, "_MAX_PAUSE", 0)
    return ViewerSecret()
