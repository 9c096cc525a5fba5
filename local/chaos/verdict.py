"""Whether the promise was kept: originals, variants and dead letters, once all is quiet."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lib.aws.sqs import count_messages, find_queue
from lib.errors import FanoutError
from lib.operations.dead_letters import DeadLetterQueue
from local.chaos.uploads import FOLDER, Photo
from local.client import aws
from local.stack import DeployedStack

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# A queue that is empty in three looks, a second apart, has nothing on its way any more.
_QUIET_LOOKS = 3
_LOOK_SECONDS = 1.0


@dataclass
class Verdict:
    """How many variants are current, which are not, and the dead letters.

    `letters` are those of broken photos by reason, as they should be; `others` are those that
    came of the faults; `silent` are broken photos without a letter.
    """

    current: int = 0
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    letters: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    @property
    def is_kept(self) -> bool:
        """Whether everything is as it should be."""
        return not (self.missing or self.stale or self.orphaned or self.silent or self.others)


def wait_until_quiet(stack: DeployedStack, seconds: float, tell: Callable[[int], None]) -> None:
    """Until no size's queue has a message; `tell` hears how many have. FanoutError when late."""
    sqs = aws(stack, "sqs")
    deadline = time.monotonic() + seconds
    quiet = 0
    while quiet < _QUIET_LOOKS:
        waiting = waiting_messages(sqs, stack)
        tell(waiting)
        quiet = 0 if waiting else quiet + 1
        if time.monotonic() > deadline:
            raise FanoutError(f"{waiting} messages are still in the queues after {seconds:.0f} s")
        time.sleep(_LOOK_SECONDS)


def judge(stack: DeployedStack, photos: list[Photo]) -> Verdict:
    """Compare what there is with what there should be."""
    s3, verdict = aws(stack, "s3"), Verdict()
    originals = _etags(s3, stack.originals_bucket, f"originals/{FOLDER}/")
    for size in stack.sizes:
        variants = _etags(s3, stack.images_bucket, f"{size}/{FOLDER}/")
        for photo in photos:
            original = originals.get(f"originals/{photo.path}")
            key = f"{size}/{photo.path}"
            if original is None or photo.fate == "broken":
                verdict.orphaned += [key] if key in variants else []
            elif key not in variants:
                verdict.missing.append(key)
            else:
                told = s3.head_object(Bucket=stack.images_bucket, Key=key)
                if told["Metadata"]["original-etag"] == original:
                    verdict.current += 1
                else:
                    verdict.stale.append(key)
        _read_letters(stack, size, {p.path for p in photos if p.fate == "broken"}, verdict)
    return verdict


def _etags(s3: Any, bucket: str, prefix: str) -> dict[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {
        each["Key"]: each["ETag"].strip('"') for page in pages for each in page.get("Contents", [])
    }


def _read_letters(stack: DeployedStack, size: str, broken: set[str], verdict: Verdict) -> None:
    sqs = aws(stack, "sqs")
    silent = set(broken)
    with DeadLetterQueue(sqs, find_queue(sqs, f"{queue_name(size)}-dlq")).scan() as walk:
        for letter in (letter for batch in walk for letter in batch):
            if letter.path in broken:
                verdict.letters[letter.reason] += 1
                silent.discard(letter.path)
            else:
                verdict.others[letter.reason] += 1
    verdict.silent += [f"{size}/{path}" for path in sorted(silent)]


def queue_name(size: str) -> str:
    """The queue of a size on the local stage."""
    return f"image-fanout-local-{size}"


def waiting_messages(sqs: "SQSClient", stack: DeployedStack) -> int:
    """Messages of all sizes' queues: waiting, in flight and delayed."""
    return sum(count_messages(sqs, find_queue(sqs, queue_name(size))) for size in stack.sizes)
