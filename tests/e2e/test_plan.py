"""`fanout plan` beside the local stack: what it reads of it, and what it would have said of it."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from local.chaos.recording import Invocation, Recording, read_invocations, read_mapping
from local.chaos.verdict import waiting_messages
from local.stack import DeployedStack
from tests.e2e.conftest import Operator
from tests.e2e.steps import PHOTO, eventually

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

PHOTOS = 30
# A machine that does much else is now faster, now slower; half or twice as many workers would be
# out of it.
FACTOR = 1.8


def test_the_queues_drain_when_the_simulation_says_so(
    stack: DeployedStack, s3: "S3Client", sqs: "SQSClient"
) -> None:
    keys = [f"originals/planned/{number:02}.jpg" for number in range(PHOTOS)]
    eventually(lambda: waiting_messages(sqs, stack) == 0, "no work of other tests")
    began, started, bucket = time.time(), time.monotonic(), stack.originals_bucket
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=PHOTO), keys))
    uploaded = time.monotonic() - started
    eventually(lambda: waiting_messages(sqs, stack) == 0, "empty queues")
    drained = time.monotonic() - started

    def read_all() -> dict[str, list[Invocation]] | None:
        """The logs of the last invocations follow their messages."""
        found = read_invocations(stack, began)
        counts = {name: sum(count for count, _ in runs) for name, runs in found.items()}
        return found if counts == dict.fromkeys(stack.sizes, PHOTOS) else None

    try:
        invocations = eventually(read_all, "a log of every message")
        recording = Recording(PHOTOS, uploaded, drained, 0, *read_mapping(stack), invocations)
        simulated = max(run.drained_at for run in recording.simulate())
        assert drained / FACTOR < simulated < drained * FACTOR, recording
    finally:
        for key in keys:
            s3.delete_object(Bucket=bucket, Key=key)


def test_the_deployed_stage_is_planned_for(stack: DeployedStack, operator: Operator) -> None:
    run = operator("plan", "--deployed", "--photos", "1000", "--burst", "100", "--json")
    assert run.code == 0, run.err
    documents = {each["plan"]: each for each in run.lines}
    sizes = documents["month"]["by_size"].keys() - {"_stage"}
    assert sizes == set(stack.sizes)
    assert documents["load"]["limits"][0]["value"] == read_mapping(stack)[0]
