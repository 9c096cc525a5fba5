"""The secret that a stage's signing keys are kept in, on moto."""

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lib.auth.signing_keys import SigningKeys
from lib.aws import secrets as edge

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

FIRST = "f" * 64


class SigningSecret:
    """As the template makes it: a key, and none before it."""

    def __init__(self) -> None:
        self.client: SecretsManagerClient = boto3.client("secretsmanager")
        self.arn = self.client.create_secret(
            Name="image-fanout-dev-signing-keys",
            SecretString=json.dumps({"previous": "", "current": FIRST}),
        )["ARN"]
        self.reads = 0

    def keys(self) -> SigningKeys:
        """The keys as one more person or program sees them: with a client of their own."""
        client: SecretsManagerClient = boto3.client("secretsmanager")
        client.meta.events.register("before-call.secretsmanager.GetSecretValue", self._count)
        return SigningKeys(client, self.arn)

    def _count(self, **_: Any) -> None:
        self.reads += 1

    def put(self, text: str) -> None:
        """Write by hand."""
        self.client.put_secret_value(SecretId=self.arn, SecretString=text)

    def text(self) -> str:
        """What it holds now."""
        return edge.read(self.client, self.arn).text


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> SigningSecret:
    monkeypatch.setattr(edge, "_MAX_PAUSE", 0)
    return SigningSecret()
