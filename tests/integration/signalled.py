"""A command in a process of its own, which tells when it comes to a call of AWS, and waits there.

It prints `there` at each such call, and goes on after a line of standard input. Its last line says
what the command left behind.
"""

import json
import signal
import sys
import tempfile
from functools import cache
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


@cache
def session() -> boto3.Session:
    """That of all clients, which reads each service's model once."""
    return boto3.Session(region_name=REGION)


@cache
def fill_account() -> Stack:
    """Park letters, and store originals with a stale variant or none, for all forks to come."""
    aws = mock_aws()
    aws.start()
    sqs, s3 = session().client("sqs"), session().client("s3")
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
    aws.stop(remove_data=False)
    environment = {
        "SIZE": SIZE.model_dump_json(),
        "QUEUE_URL": urls["size"],
        "DLQ_URL": urls["size-dlq"],
        "CACHE_CONTROL": "public, max-age=60",
    }
    size = DeployedSize("resize", environment, 1769, 150, "python3.13")
    return Stack("image-fanout-dev", BUCKETS, {SIZE.name: size})


def run(hangups: signal.Handlers, moment: str, operation: str, command: tuple[str, ...]) -> int:
    """Run a command that waits at calls of an operation, such as sqs.SendMessage."""
    # As at a terminal or under nohup, whatever runs the tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, hangups)
    stack = fill_account()

    def wait(**_: Any) -> None:
        print("there", flush=True)
        sys.stdin.readline()

    def client(_stage: Stage, service: Any, *_config: Any) -> Any:
        made = session().client(service)
        made.meta.events.register(f"{moment}.{operation}", wait)
        return made

    mock_aws().start(reset=False)
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
    size = stack.sizes[SIZE.name]
    left = {
        "code": code,
        "hidden": hidden(size.dlq_url),
        "parked": len(stored(size.dlq_url)),
        "replayed": len(stored(size.queue_url)),
    }
    print(json.dumps(left), flush=True)
    return 0
