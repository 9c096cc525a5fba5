"""A stack is removed and comes back: its buckets, and every photo in them, were there all along."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from lib.errors import ConfigError
from local.client import aws
from local.stack import LocalStack, Stack
from tests.e2e.test_pipeline import PHOTO, eventually
from tests.service import Service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalStack]:
    """A stack of one size that nobody else's test looks at."""
    folder = tmp_path / "service"
    folder.mkdir()
    service = Service(folder, with_packages=True)
    (folder / "sizes.yml").write_text("sizes: [400x300]\n")
    local = LocalStack(tmp_path / "stack", service.folder)
    try:
        yield local
    finally:
        local.down()


def put(s3: "S3Client", stack: Stack, path: str) -> None:
    s3.put_object(Bucket=stack.originals_bucket, Key=f"originals/{path}", Body=PHOTO)
    eventually(lambda: has(s3, stack.images_bucket, f"400x300/{path}"), f"the variant of {path}")


def has(s3: "S3Client", bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "404"
        return False
    return True


def test_a_removed_stack_leaves_its_buckets_and_the_next_one_adopts_them(
    local: LocalStack,
) -> None:
    stack = local.up(tell=print)
    s3: S3Client = aws(stack, "s3")
    put(s3, stack, "before.jpg")
    sqs: SQSClient = aws(stack, "sqs")
    dlq = sqs.get_queue_url(QueueName="image-fanout-local-400x300-dlq")["QueueUrl"]
    sqs.send_message(QueueUrl=dlq, MessageBody="a dead letter")

    with pytest.raises(ConfigError, match="image-fanout-local-400x300-dlq: 1 messages"):
        local.sls("remove")
    local.sls("remove", "--param=abandon_messages=true")
    assert has(s3, stack.originals_bucket, "originals/before.jpg")
    assert has(s3, stack.images_bucket, "400x300/before.jpg")
    s3.put_object(Bucket=stack.originals_bucket, Key="originals/meanwhile.jpg", Body=PHOTO)

    with pytest.raises(ConfigError, match=rf"{stack.originals_bucket}\n(.|\n)*adopt=true"):
        local.deploy()
    cloudformation = aws(stack, "cloudformation")
    with pytest.raises(ClientError, match="not exist"):
        cloudformation.describe_stacks(StackName="image-fanout-local")

    told = local.deploy("--param=adopt=true")
    for bucket in (stack.originals_bucket, stack.images_bucket):
        assert f"Adopted {bucket}" in told
    put(s3, stack, "after.jpg")
    assert has(s3, stack.images_bucket, "400x300/before.jpg")
    assert has(s3, stack.originals_bucket, "originals/meanwhile.jpg")
    local.sls("remove")
    assert has(s3, stack.originals_bucket, "originals/after.jpg"), "adopted ones are kept too"
