"""One stack's life: a photo is replaced, a size comes and goes, the stack is removed and returns.

It is one test, because each part begins where the one before it ends, and a deploy takes seconds.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
import requests
from botocore.exceptions import ClientError

from lib.errors import ConfigError
from local.client import aws
from local.stack import LocalDeployment
from tests.command_line import fanout
from tests.e2e.shop import SHOP, Shop
from tests.e2e.steps import PHOTO, arrived, dead_letters, eventually, invalidated, uploaded
from tests.pictures import decoded, encoded, quarters
from tests.service import Service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


class Life:
    """A stack of one size, and clients that look at it."""

    def __init__(self, local: LocalDeployment) -> None:
        self.sizes = local.service / "sizes.yml"
        self.sizes.write_text("sizes: [400x300]\n")
        self.local = local
        self.stack = local.up(on_progress=print)
        self.s3: S3Client = aws(self.stack, "s3")
        self.sqs: SQSClient = aws(self.stack, "sqs")

    def replace_a_photo(self) -> None:
        arrived(uploaded(self.stack, PHOTO, path="before.jpg")["variants"]["400x300"])
        square = encoded(quarters(900, 900))
        uploaded(self.stack, square, path="before.jpg", overwrite=True)

    def add_a_size(self) -> str:
        """The URL of a variant of it."""
        self.sizes.write_text("sizes: [400x300, 120x120]\n")
        with_it = self.local.up(on_progress=print)
        assert with_it.sizes == ["400x300", "120x120"]
        url: str = uploaded(with_it, PHOTO, path="new.jpg")["variants"]["120x120"]
        assert decoded(arrived(url).data).size == (120, 120)
        return url

    def remove_it_while_its_dead_letters_wait(self, url: str) -> None:
        queue = self.sqs.get_queue_url(QueueName="image-fanout-local-120x120")["QueueUrl"]
        self.sqs.send_message(QueueUrl=queue, MessageBody="no event")
        eventually(lambda: dead_letters(self.sqs, "120x120"), "a dead letter of the new size")
        self.sizes.write_text("sizes: [400x300]\n")
        with pytest.raises(
            ConfigError, match="image-fanout-local-120x120-dlq: 1 message\n"
        ) as refused:
            self.local.up(on_progress=print)
        assert dead_letters(self.sqs, "120x120")
        self.run(refused.value, "dlq purge")
        self.local.deploy()
        with pytest.raises(self.sqs.exceptions.QueueDoesNotExist):
            self.sqs.get_queue_url(QueueName="image-fanout-local-120x120-dlq")
        functions = aws(self.stack, "lambda").list_functions()["Functions"]
        assert not [f for f in functions if re.search("120x120", f["FunctionName"])]
        assert requests.get(url, timeout=60).status_code == 200, "its pictures stay"

    def run(self, refusal: ConfigError, command: str) -> None:
        """Run a command that a refusal names."""
        (named,) = re.findall(rf"^ +\./fanout ({command} .*)$", str(refusal), re.MULTILINE)
        with mock.patch.dict(os.environ, {"FANOUT_LOCAL": str(self.local.state)}):
            run = fanout(*named.split(), "--yes")
        assert run.code == 0, run.err

    def expect_the_purge_of_the_replaced_photo(self) -> None:
        batches = eventually(lambda: invalidated(self.stack), "the invalidation")
        assert {path for batch in batches for path in batch} == {"/400x300/before.jpg"}

    def remove_the_stack(self) -> None:
        """Which leaves the buckets; a message that waits does not keep it."""
        dlq = self.sqs.get_queue_url(QueueName="image-fanout-local-400x300-dlq")["QueueUrl"]
        self.sqs.send_message(QueueUrl=dlq, MessageBody="a dead letter")
        self.local.sls("remove", "--param=abandon_messages=true")
        assert self.has(self.stack.originals_bucket, "originals/before.jpg")
        assert self.has(self.stack.images_bucket, "400x300/before.jpg")

    def return_and_adopt_the_buckets(self) -> None:
        originals, images = self.stack.originals_bucket, self.stack.images_bucket
        self.s3.put_object(Bucket=originals, Key="originals/meanwhile.jpg", Body=PHOTO)
        told = self.local.deploy("--param=adopt=true")
        for bucket in (originals, images):
            assert f"Adopted {bucket}" in told
        self.s3.put_object(Bucket=originals, Key="originals/after.jpg", Body=PHOTO)
        eventually(lambda: self.has(images, "400x300/after.jpg"), "a variant after the return")
        assert self.has(images, "400x300/before.jpg")
        assert self.has(originals, "originals/meanwhile.jpg")
        self.local.sls("remove")
        assert self.has(originals, "originals/after.jpg"), "adopted ones are kept too"

    def move_into_a_bucket_that_exists(self) -> None:
        """The walk of docs/existing-bucket.md, from its first command to its last."""
        images = self.stack.images_bucket
        for orphan in self.s3.list_objects_v2(Bucket=images).get("Contents", []):
            self.s3.delete_object(Bucket=images, Key=orphan["Key"])
        shop = Shop(self.local, self.s3, self.sqs)
        shop.walk()
        assert shop.entries == {"documents"}
        for key in (*shop.photos, *shop.others):
            assert self.has(SHOP, key)

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


def test_nothing_is_lost_while_sizes_and_the_stack_come_and_go(life: Life) -> None:
    life.replace_a_photo()
    # Before the next deploy: the emulator stops functions for it, whatever they do.
    life.expect_the_purge_of_the_replaced_photo()
    url = life.add_a_size()
    life.remove_it_while_its_dead_letters_wait(url)
    life.remove_the_stack()
    life.return_and_adopt_the_buckets()
    life.move_into_a_bucket_that_exists()
