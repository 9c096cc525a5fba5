"""A command in a process of its own, which tells when it comes to a call of AWS, and waits there.

`signalled HANGUPS MOMENT OPERATION COMMAND…`, with an operation such as sqs.SendMessage, prints
`there` at each such call, and goes on after a line of standard input. Its last line says what the
command left behind. HANGUPS says whether SIGHUP is `ignored`, as by nohup.
"""

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws

from cli import backfill
from cli.__main__ import main
from cli.stage import Stage
from lib.aws.stacks import DeployedSize, Stack
from tests.integration.conftest import REGION, SIZE
from tests.integration.parked import hidden, park_many, stored

# Three batches.
LETTERS = 25
BUCKETS = {f"{name.title()}BucketName": name for name in ("originals", "images", "failures")}


def run(moment: str, operation: str, command: list[str]) -> None:
    """Run one command against parked letters, and originals with a stale variant or none."""
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("size", "size-dlq")}
    park_many(urls["size-dlq"], LETTERS)
    for bucket in BUCKETS.values():
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    for number in range(LETTERS):
        for bucket, folder in (("originals", "originals"), ("images", SIZE.name)):
            s3.put_object(Bucket=bucket, Key=f"{folder}/{number}.jpg", Body=b"photo")
    s3.put_object(Bucket="originals", Key="originals/new.jpg", Body=b"photo")
    environment = {
        "SIZE": SIZE.model_dump_json(),
        "QUEUE_URL": urls["size"],
        "DLQ_URL": urls["size-dlq"],
        "CACHE_CONTROL": "public, max-age=60",
    }
    size = DeployedSize("resize", environment, 1769, 150, "python3.13")
    stack = Stack("image-fanout-dev", BUCKETS, {SIZE.name: size})

    def wait(**_: Any) -> None:
        print("there", flush=True)
        sys.stdin.readline()

    def client(_stage: Stage, service: Any, *_config: Any) -> Any:
        made = boto3.client(service)
        made.meta.events.register(f"{moment}.{operation}", wait)
        return made

    with (
        mock.patch.object(Stage, "stack", stack),
        mock.patch.object(Stage, "client", client),
        mock.patch.object(Stage, "images_url", "https://images.example"),
        mock.patch.object(backfill, "_CHECKPOINTS", Path(tempfile.mkdtemp())),
    ):
        try:
            code: Any = main([*command, "--stage", "dev"])
        except SystemExit as end:
            code = end.code
    left = {
        "code": code,
        "hidden": hidden(urls["size-dlq"]),
        "parked": len(stored(urls["size-dlq"])),
        "replayed": len(stored(urls["size"])),
    }
    print(json.dumps(left), flush=True)


if __name__ == "__main__":
    # As at a terminal, whatever runs the tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ignored = sys.argv[1] == "ignored"
    signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    os.environ |= {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with mock_aws():
        run(sys.argv[2], sys.argv[3], sys.argv[4:])
