"""One local stack for all end-to-end tests, started and stopped by the test run itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.emulator import ROOT_KEY
from local.stack import LocalStack, Stack
from tests.service import Service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """The service's files, which a test may change and deploy again."""
    return Service(tmp_path_factory.mktemp("service"), with_packages=True)


@pytest.fixture(scope="session")
def local(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The deployed stack."""
    local = LocalStack(tmp_path_factory.mktemp("stack") / "state", service.folder)
    try:
        local.up(tell=print)
        yield local
    finally:
        local.down()


@pytest.fixture(scope="session")
def stack(local: LocalStack) -> Stack:
    return local.read()


def client(stack: Stack, service_name: Any) -> Any:
    """A client of the emulator, as its root user."""
    return boto3.client(
        service_name,
        endpoint_url=stack.endpoint,
        region_name=stack.region,
        aws_access_key_id=ROOT_KEY["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_KEY["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture(scope="session")
def s3(stack: Stack) -> "S3Client":
    s3: S3Client = client(stack, "s3")
    return s3


@pytest.fixture(scope="session")
def sqs(stack: Stack) -> "SQSClient":
    sqs: SQSClient = client(stack, "sqs")
    return sqs
