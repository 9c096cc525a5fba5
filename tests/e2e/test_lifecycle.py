"""A stack's life: with a shop's bucket, removed, with what a stack before it left, and removed.

It is one test, because each part begins where the one before it ends, and a deploy takes seconds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from local import emulator
from local.stack import ENDPOINT, DeployedStack, LocalDeployment
from tests.e2e.shop import SHOP, Shop
from tests.e2e.steps import PHOTO, eventually
from tests.service import Service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


class Life:
    """A stack of one size, and clients that look at it."""

    def __init__(self, local: LocalDeployment) -> None:
        (local.service / "sizes.yml").write_text("sizes: [400x300]\n")
        self.local = local
        local.start(on_progress=print)
        endpoint = local.environment()[ENDPOINT]
        self.s3: S3Client = emulator.client(endpoint, emulator.REGION, "s3")
        self.sqs: SQSClient = emulator.client(endpoint, emulator.REGION, "sqs")

    @property
    def stack(self) -> DeployedStack:
        return self.local.read()

    def remove_the_stack(self) -> None:
        """Which leaves the buckets, adopted ones too; a message that waits does not keep it."""
        dlq = self.sqs.get_queue_url(QueueName="image-fanout-local-400x300-dlq")["QueueUrl"]
        self.sqs.send_message(QueueUrl=dlq, MessageBody="a dead letter")
        self.local.sls("remove", "--param=abandon_messages=true")
        assert self.has(self.stack.originals_bucket, "originals/after.jpg")
        assert self.has(self.stack.images_bucket, "400x300/after.jpg")

    def move_into_a_bucket_that_exists(self) -> None:
        """The walk of docs/existing-bucket.md, from its first command to its last."""
        shop = Shop(self.local, self.s3, self.sqs)
        shop.walk()
        assert shop.entries == {"documents"}
        for key in (*shop.photos, *shop.others):
            assert self.has(SHOP, key)

    def return_and_adopt_the_buckets(self) -> None:
        """The shop's stack left that of the variants; that of originals is as another leaves it."""
        images = self.stack.images_bucket
        originals = images.replace("-images-", "-originals-")
        self.s3.create_bucket(Bucket=originals)
        self.s3.put_object(Bucket=originals, Key="originals/meanwhile.jpg", Body=PHOTO)
        told = self.local.deploy("--param=adopt=true")
        for bucket in (originals, images):
            assert f"Adopted {bucket}" in told
        self.s3.put_object(Bucket=originals, Key="originals/after.jpg", Body=PHOTO)
        eventually(lambda: self.has(images, "400x300/after.jpg"), "a variant after the return")
        assert self.stack.originals_bucket == originals
        assert self.has(images, "400x300/b.jpg"), "removals keep the variants"
        assert self.has(originals, "originals/meanwhile.jpg")

    def has(self, bucket: str, key: str) -> bool:
        try:
            self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "404"
            return False
        return True


@pytest.fixture
def life(packages: None, tmp_path: Path) -> Iterator[Life]:
    (tmp_path / "service").mkdir()
    service = Service(tmp_path / "service", with_packages=True)
    local = LocalDeployment(tmp_path / "stack", service.folder)
    try:
        yield Life(local)
    finally:
        local.down()


def test_nothing_is_lost_while_the_stack_comes_and_goes(life: Life) -> None:
    life.move_into_a_bucket_that_exists()
    life.return_and_adopt_the_buckets()
    life.remove_the_stack()
