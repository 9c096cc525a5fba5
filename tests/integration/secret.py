"""The secret that a stage's tokens are kept in, on moto."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lib.auth.tokens import TokenStore
from lib.aws import secrets as edge

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Secret:
    """As the template makes it: a list without a token."""

    def __init__(self) -> None:
        self.client: SecretsManagerClient = boto3.client("secretsmanager")
        self.arn = self.client.create_secret(
            Name="image-fanout-dev-tokens", SecretString='{"tokens": []}'
        )["ARN"]
        self.reads = 0

    def tokens(self) -> TokenStore:
        """The tokens as one more person or program sees them: with a client of their own."""
        client: SecretsManagerClient = boto3.client("secretsmanager")
        client.meta.events.register("before-call.secretsmanager.GetSecretValue", self._count)
        return TokenStore(client, self.arn)

    def _count(self, **_: Any) -> None:
        self.reads += 1

    def put(self, text: str) -> None:
        """Write by hand."""
        version = edge.read(self.client, self.arn).version
        edge.replace(self.client, self.arn, text, version=version)

    def text(self) -> str:
        """What it holds now."""
        return edge.read(self.client, self.arn).text

    def names(self) -> list[str]:
        """The names of the tokens in it."""
        return [token["name"] for token in json.loads(self.text())["tokens"]]

    def labels(self) -> list[str]:
        """All labels on its versions."""
        stages = self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        return sorted(label for labels in stages.values() for label in labels)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Secret:
    monkeypatch.setattr(edge, "_MAX_PAUSE", 0)
    return Secret()


def between(tokens: TokenStore, meddle: Callable[[], object], *, times: int) -> None:
    """Have somebody meddle between the draft and its becoming current, that often."""
    left = [meddle] * times

    def before(params: Any, **_: Any) -> None:
        if left and json.loads(params["body"])["VersionStage"] == "AWSCURRENT":
            left.pop()()

    tokens.secrets.meta.events.register(
        "before-call.secretsmanager.UpdateSecretVersionStage", before
    )
