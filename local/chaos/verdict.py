"""Compares originals, variants and dead letters once the queues are empty."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lib.aws.sqs import count_messages, find_queue
from lib.dead_letters.queue import DeadLetterQueue
from lib.errors import FanoutError
from lib.plurals import pluralize
from local.chaos.uploads import FOLDER, Photo
from local.client import aws
from local.stack import DeployedStack

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Queues that are empty in three polls, a second apart, stay empty.
_EMPTY_POLLS = 3
_POLL_SECONDS = 1.0


@dataclass
class Verdict:
    """Variants by state, and dead letters by reason.

    `letters` are those of broken photos, which are expected; `others` come from the faults;
    `silent` are broken photos without a dead letter.
    """

    current: int = 0
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    letters: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    @property
    def is_met(self) -> bool:
        """Whether every variant is right, and only broken photos are dead letters."""
        return not (self.missing or self.stale or self.orphaned or self.silent or self.others)


def wait_until_quiet(
    stack: DeployedStack, seconds: float, on_progress: Callable[[int], None]
) -> None:
    """Waits for empty queues; passes the waiting messages to `on_progress`. FanoutError if late."""
    sqs = aws(stack, "sqs")
    deadline = time.monotonic() + seconds
    quiet = 0
    while True:
        waiting = waiting_messages(sqs, stack)
        on_progress(waiting)
        quiet = 0 if waiting else quiet + 1
        if quiet == _EMPTY_POLLS:
            return
        if time.monotonic() > deadline:
            messages = pluralize(waiting, "message")
            raise FanoutError(f"the queues still hold {messages} after {seconds:.0f} s")
        time.sleep(_POLL_SECONDS)


def judge(stack: DeployedStack, photos: list[Photo]) -> Verdict:
    """Compares the variants and dead letters with the originals."""
    s3, verdict = aws(stack, "s3"), Verdict()
    originals = _etags(s3, stack.originals.bucket, stack.originals.key(f"{FOLDER}/"))
    for size in stack.sizes:
        variants = _etags(s3, stack.images_bucket, f"{size}/{FOLDER}/")
        for photo in photos:
            original = originals.get(stack.originals.key(photo.path))
            key = f"{size}/{photo.path}"
            if original is None or photo.fate == "broken":
                verdict.orphaned += [key] if key in variants else []
            elif key not in variants:
                verdict.missing.append(key)
            else:
                head = s3.head_object(Bucket=stack.images_bucket, Key=key)
                if head["Metadata"]["original-etag"] == original:
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
    dlq = DeadLetterQueue(sqs, find_queue(sqs, f"{queue_name(size)}-dlq"), stack.originals)
    with dlq.scan() as scan:
        for letter in (letter for batch in scan for letter in batch):
            if letter.path in broken:
                verdict.letters[letter.reason] += 1
                silent.discard(letter.path)
            else:
                verdict.others[letter.reason] += 1
    verdict.silent += [f"{size}/{path}" for path in sorted(silent)]


def queue_name(size: str) -> str:
    """Returns the name of a size's queue on the local stage."""
    return f"image-fanout-local-{size}"


def waiting_messages(sqs: "SQSClient", stack: DeployedStack) -> int:
    """Counts the messages of all sizes' queues: waiting, in flight and delayed."""
    return sum(count_messages(sqs, find_queue(sqs, queue_name(size))) for size in stack.sizes)
