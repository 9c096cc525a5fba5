"""Measures the worker's cold start against a program that only makes an S3 client."""

import json
import os
import subprocess
import sys

from bench.contenders import deployed
from bench.figures import Ratio, spread
from bench.sources import PROJECT

ROUNDS, QUICK_ROUNDS = 11, 3
_ALONE = "import boto3; boto3.client('s3')"
_WORKER = "import handlers.resize; handlers.resize._worker()"
_ADDRESS = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
# Environment of a worker, with invented values.
SETTINGS = {
    "SIZE": json.dumps({"width": 800, "height": 600}),
    "ORIGINALS_BUCKET": "originals",
    "ORIGINALS_PREFIX": "originals/",
    "IMAGES_BUCKET": "images",
    "FAILURES_BUCKET": "failures",
    "QUEUE_URL": f"{_ADDRESS}800x600",
    "DLQ_URL": f"{_ADDRESS}800x600-dlq",
    "CACHE_CONTROL": "public",
    "MAX_UPLOAD_BYTES": "52428800",
    "MAX_RECEIVE_COUNT": "10",
    "RESERVE_SECONDS": "10",
    "LANDING_SECONDS": "60",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


def measure(rounds: int) -> Ratio:
    """Returns the worker's CPU time divided by that of the client alone."""
    for program in (_ALONE, _WORKER):
        _start(program)  # writes the byte code, as the first start of a deployed zip does
    alone, worker = [], []
    for _ in range(rounds):
        alone.append(_start(_ALONE))
        worker.append(_start(_WORKER))
    # Round by round, so that a slow moment affects both.
    return spread([one / other for one, other in zip(worker, alone, strict=True)])


def _start(program: str) -> float:
    """Returns the CPU seconds of a fresh interpreter that runs the program."""
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=PROJECT, env=deployed() | SETTINGS
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{program} failed: see its error above")
    return usage.ru_utime + usage.ru_stime
