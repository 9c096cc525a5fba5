"""The bucket of a shop, with its photos and the notifications of others, and the walk into it."""

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from lib.aws.notifications import read_notifications
from lib.keys import url_path
from local.stack import LocalDeployment
from tests.command_line import Run, fanout
from tests.e2e.steps import PHOTO, arrived, eventually, invalidated, uploaded
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

SHOP = "shop-photos"
_PAGE = (Path(__file__).parents[2] / "docs" / "existing-bucket.md").read_text()
# Invalidations of the photos that verify deleted may wait in their queue.
_MORE = {"remove": ["--param=abandon_messages=true"]}
_REPLACED = "new/a b.jpg"
# What the page calls prod.
_LOCAL = "  local:"


class Shop:
    """Runs the page's commands in their order, and looks at the bucket in between."""

    photos = ("photos/2026/sea side+1~é.jpg", "photos/b.jpg")
    others = ("photos/", "photos/2026/", "documents/bill.pdf", "c.jpg")

    def __init__(self, local: LocalDeployment, s3: "S3Client", sqs: "SQSClient") -> None:
        self.local, self.s3, self.sqs = local, s3, sqs
        s3.create_bucket(Bucket=SHOP)
        for key in self.photos:
            s3.put_object(Bucket=SHOP, Key=key, Body=PHOTO)
        for key in self.others:
            s3.put_object(Bucket=SHOP, Key=key, Body=b"" if key.endswith("/") else b"other")
        self.queue: str = sqs.create_queue(QueueName="documents")["QueueUrl"]
        self._let_s3_send()
        rule: Any = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://shop.example"]}
        s3.put_bucket_cors(Bucket=SHOP, CORSConfiguration={"CORSRules": [rule]})

    def _let_s3_send(self) -> None:
        queue = {"QueueUrl": self.queue, "AttributeNames": ["QueueArn"]}
        arn = self.sqs.get_queue_attributes(**queue)["Attributes"]["QueueArn"]  # type: ignore[arg-type]
        policy = (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": '
            f'"s3.amazonaws.com"}}, "Action": "sqs:SendMessage", "Resource": "{arn}"}}]}}'
        )
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})
        below: Any = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "documents/"}]}}
        entry: Any = {
            "Id": "documents",
            "QueueArn": arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": below,
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=SHOP,
            NotificationConfiguration={
                "QueueConfigurations": [entry],
                "EventBridgeConfiguration": {},
            },
        )

    @property
    def entries(self) -> set[str]:
        """The ids of the bucket's notifications; its events go to EventBridge all the time."""
        found = read_notifications(self.s3, SHOP)
        assert found.pop("EventBridgeConfiguration") == {}
        return {entry["Id"] for kind in found.values() for entry in kind}

    def walk(self) -> None:
        before = self._set_parameters()
        commands = re.findall(r"^((?:npx sls|\./fanout) .*)$", _sh_blocks(), re.MULTILINE)
        assert len(commands) == 10, commands
        for command in commands:
            if command.startswith("./fanout audit"):
                eventually(self._has_variants, "the variants of the photos that were there")
            if command.startswith("npx sls remove"):
                # Before it: the emulator stops functions then, whatever they do.
                eventually(self._is_purged, "the invalidation of the replaced photo")
            self._run(command)
            if command.startswith("npx sls deploy"):
                self._expect_that_it_is_connected()
        assert self.entries == {"documents"}
        (self.local.service / "serverless.yml").write_text(before)

    def _set_parameters(self) -> str:
        """What was there before."""
        (block,) = re.findall(r"```yaml\nparams:\n  prod:\n((?:    .*\n)+)```", _PAGE)
        file = self.local.service / "serverless.yml"
        text = file.read_text()
        at = text.index("\n", text.index(f"\n{_LOCAL}") + 1) + 1
        file.write_text(text[:at] + block + text[at:])
        return text

    def _run(self, command: str) -> None:
        words = shlex.split(command)
        words = [word for word in words if word not in ("--stage", "prod")]
        if words[:2] == ["npx", "sls"]:
            self.local.sls(*words[2:], *_MORE.get(words[2], ()))
            return
        run = self._fanout(*words[1:])
        assert run.code == 0, f"{command}: {run.out}{run.err}"

    def _fanout(self, *words: str) -> Run:
        asks = words[0] in ("backfill", "cors") and "--dry-run" not in words
        with mock.patch.dict(os.environ, {"FANOUT_LOCAL": str(self.local.state)}):
            return fanout(*words, "--stage", "local", *(["--yes"] if asks else []))

    def _expect_that_it_is_connected(self) -> None:
        """Photos are rendered, and replaced, documents reach their queue, and a deploy mends."""
        assert self.entries == {"documents", "image-fanout-local"}
        stack = self.local.read()
        assert (stack.originals_bucket, stack.originals_prefix) == (SHOP, "photos/")
        ticket = uploaded(stack, PHOTO, path=_REPLACED)
        assert ticket["key"] == f"photos/{_REPLACED}"
        arrived(ticket["variants"]["400x300"])
        uploaded(stack, encoded(quarters(900, 900)), path=_REPLACED, overwrite=True)
        self.s3.put_object(Bucket=SHOP, Key="documents/new.pdf", Body=b"%PDF")
        eventually(self._has_document, "the document's event")
        self._let_s3_send()  # as a tool does that knows of its own entry alone
        assert self.entries == {"documents"}
        self.local.deploy()  # which changes nothing else
        assert self.entries == {"documents", "image-fanout-local"}

    def _has_variants(self) -> bool:
        images = self.local.read().images_bucket
        listed = self.s3.list_objects_v2(Bucket=images, Prefix="400x300/").get("Contents", [])
        expected = {f"400x300/{key.removeprefix('photos/')}" for key in self.photos}
        return expected <= {each["Key"] for each in listed}

    def _is_purged(self) -> bool:
        """Of others, only what verify uploaded; after the time that a worker may take."""
        paths = {path for batch in invalidated(self.local.read()) for path in batch}
        return {path for path in paths if "/verify-" not in path} == {
            f"/400x300/{url_path(_REPLACED)}"
        }

    def _has_document(self) -> bool:
        received = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return any(
            "documents/new.pdf" in message["Body"] for message in received.get("Messages", [])
        )


def _sh_blocks() -> str:
    return "".join(re.findall(r"```sh\n(.*?)```", _PAGE, re.DOTALL))
