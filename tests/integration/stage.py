"""A deployed stage with one size, as the command line finds it, on moto."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from cli.stage import Stage
from lib.aws.stacks import DeployedSize, Stack
from tests.integration.conftest import SIZE, Queues

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass
class Deployed:
    """The stage's parts, for a test to look at."""

    s3: "S3Client"
    queues: Queues
    # Of the size's function.
    environment: dict[str, str]

    def put(self, path: str, data: bytes = b"photo") -> None:
        self.s3.put_object(Bucket="originals-bucket", Key=f"originals/{path}", Body=data)

    def put_variant(self, path: str) -> None:
        """A variant that somebody put there by hand: no worker's metadata are on it."""
        self.s3.put_object(Bucket="images-bucket", Key=f"{SIZE.name}/{path}", Body=b"variant")

    def waiting(self) -> list[str]:
        """Takes all messages of the size's queue; their bodies."""
        bodies: list[str] = []
        while found := self._receive():
            bodies += found
        return bodies

    def _receive(self) -> list[str]:
        answer = self.queues.sqs.receive_message(QueueUrl=self.queues.url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def deployed(s3: "S3Client", queues: Queues, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    environment = {
        "SIZE": SIZE.model_dump_json(),
        "QUEUE_URL": queues.url,
        "DLQ_URL": queues.dlq_url,
        "CACHE_CONTROL": "public, max-age=60",
    }
    outputs = {
        "OriginalsBucketName": "originals-bucket",
        "ImagesBucketName": "images-bucket",
        "FailuresBucketName": "failures-bucket",
        "Sizes": json.dumps([SIZE.name]),
        "ApiUrl": "http://127.0.0.1:9",  # nobody listens there
        "TokensSecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev-tokens-AbCdEf",
    }
    size = DeployedSize("resize", environment, 1769, 150, "python3.13")
    stack = Stack("image-fanout-dev", outputs, {SIZE.name: size})
    monkeypatch.setattr(Stage, "stack", stack)
    monkeypatch.setattr(Stage, "images_url", "https://images.example")
    return Deployed(s3, queues, environment)
