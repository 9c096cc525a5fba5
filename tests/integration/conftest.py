"""AWS as moto plays it, and a worker's surroundings in it."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import boto3
import pytest
from botocore.auth import AUTH_TYPE_MAPS
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID, MockAWS
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from handlers import deletion, focus, on_demand, openapi, render, resize, status, uploads, website
from handlers.shared import respond
from lib.sizes import Size
from tests.aws_models import models
from tests.integration.moto_models import UncheckedAuth, moto_models
from tests.payloads import ORIGINALS, sqs_batch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

__all__ = ["models", "moto_models"]
REGION: Final = "eu-west-1"
SIZE = Size(name="40x30", width=40, height=30)


@pytest.fixture(scope="session")
def session(models: None) -> boto3.Session:
    """The default session of all tests: it costs more to make than most tests take."""
    return boto3.Session()


@pytest.fixture(scope="module")
def moto(models: None, moto_models: None) -> Iterator[MockAWS]:
    with (
        mock_aws() as mocked,
        mock.patch.dict(AUTH_TYPE_MAPS, v4=UncheckedAuth, s3v4=UncheckedAuth),
    ):
        yield mocked


@pytest.fixture(autouse=True)
def aws(moto: MockAWS, session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account; nothing of the real one's configuration is seen."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    moto.reset()
    boto3.DEFAULT_SESSION = session
    _forget()
    yield
    _forget()


def _forget() -> None:
    """What the functions keep in their containers."""
    for kept in (
        resize._worker,
        on_demand._variants,
        on_demand._signed_images,
        respond._telemetry,
        website._dependencies,
        uploads._upload_tickets,
        status._settings,
        status._status_reader,
        deletion._deletion,
        focus._focus_editor,
        render._direct_renderer,
        render._request_verifier,
        openapi._app,
    ):
        kept.cache_clear()


@pytest.fixture
def s3() -> "S3Client":
    for bucket in ("originals-bucket", "images-bucket", "failures-bucket", "other-bucket"):
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(bucket, REGION)
    return boto3.client("s3")


def create_queue(name: str) -> str:
    """Have moto make a queue, without a call; returns its URL."""
    sqs_backends[DEFAULT_ACCOUNT_ID][REGION].create_queue(name)
    return queue_url(name)


def queue_url(name: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{DEFAULT_ACCOUNT_ID}/{name}"


class Queues:
    """A size's queue and DLQ, as a test looks at them."""

    def __init__(self, sqs: "SQSClient") -> None:
        self.sqs = sqs
        self.url = create_queue("size")
        self.dlq_url = create_queue("size-dlq")
        self.purge_url = create_queue("purge")

    def dead_letters(self) -> list[dict[str, Any]]:
        """Body and attributes of each dead letter."""
        received = self.sqs.receive_message(
            QueueUrl=self.dlq_url, MessageAttributeNames=["All"], MaxNumberOfMessages=10
        )
        return [
            {"body": message["Body"]}
            | {name: a["StringValue"] for name, a in message["MessageAttributes"].items()}
            for message in received.get("Messages", [])
        ]


@pytest.fixture
def queues() -> Queues:
    return Queues(boto3.client("sqs"))


class Context:
    """The little of Lambda's context that the handlers look at."""

    function_name = "resize"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:resize"
    aws_request_id = "request"

    def __init__(self, seconds: float = 60) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class WorkerCall:
    """Calls handlers.resize as Lambda does."""

    def __call__(
        self,
        *bodies: str,
        attempts: int = 1,
        seconds: float = 60,
        attributes: dict[str, str] | None = None,
    ) -> list[str]:
        """The ids of the messages that are to be delivered again."""
        event = sqs_batch(*bodies, attempts=attempts, attributes=attributes)
        answer = resize.handler(event, Context(seconds))  # type: ignore[arg-type]
        return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


@pytest.fixture
def deliver(s3: "S3Client", queues: Queues, monkeypatch: pytest.MonkeyPatch) -> WorkerCall:
    """The worker's function, with its settings in the environment."""
    for name, value in {
        "SIZE": SIZE.model_dump_json(),
        "ORIGINALS_BUCKET": ORIGINALS.bucket,
        "ORIGINALS_PREFIX": ORIGINALS.prefix,
        "IMAGES_BUCKET": "images-bucket",
        "FAILURES_BUCKET": "failures-bucket",
        "QUEUE_URL": queues.url,
        "DLQ_URL": queues.dlq_url,
        "PURGE_QUEUE_URL": queues.purge_url,
        "PURGE_DELAY": "0",
        "CACHE_CONTROL": "public, max-age=60",
        "MAX_UPLOAD_BYTES": "1000000",
        "MAX_RECEIVE_COUNT": "10",
        "RESERVE_SECONDS": "5",
        "LANDING_SECONDS": "60",
        "POWERTOOLS_METRICS_NAMESPACE": "image-fanout-dev",
    }.items():
        monkeypatch.setenv(name, value)
    return WorkerCall()
