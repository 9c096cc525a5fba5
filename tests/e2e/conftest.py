"""One local stack for all end-to-end tests, started and stopped by the test run itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from local.client import aws
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


@pytest.fixture(scope="module")
def stack(local: LocalStack) -> Stack:
    """As it is now: another module may have deployed again."""
    return local.read()


@pytest.fixture(scope="module")
def s3(stack: Stack) -> "S3Client":
    s3: S3Client = aws(stack, "s3")
    return s3


@pytest.fixture(scope="module")
def sqs(stack: Stack) -> "SQSClient":
    sqs: SQSClient = aws(stack, "sqs")
    return sqs
