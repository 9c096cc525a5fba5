"""Finds what bounds a stage's pace, in photos a second."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lib.operations.plan.aws_limits import (
    MAX_CONCURRENCY_SETTING,
    S3_READS_PER_SECOND,
    S3_WRITES_PER_SECOND,
)
from lib.operations.plan.consumers import Consumer

Kind = Literal["max_concurrency", "account", "s3_reads", "s3_writes"]


@dataclass(frozen=True)
class Limit:
    """A limit, its value, and the photos a second at which it binds.

    `size` is empty if the limit applies to all sizes together.
    """

    kind: Kind
    value: float
    photos_per_second: float
    size: str = ""


def count_reads(consumer: Consumer, analyses: int) -> int:
    """Counts the reads of a photo's original: a GET, a HEAD after each PUT, tags of analyses."""
    return 1 + len(consumer.size.size.folders) + analyses


def find_limits(
    consumers: Sequence[Consumer], account_concurrency: int, analyses: int = 0
) -> list[Limit]:
    """Returns all limits, the one that binds first at the beginning.

    The photos a second are those at which every size renders every photo: the slowest size decides.
    """
    reads = sum(count_reads(each, analyses) for each in consumers)
    concurrency_of_photo = sum(1 / each.photos_per_second for each in consumers)
    limits = [
        *(
            Limit(
                "max_concurrency",
                each.max_concurrency,
                each.max_concurrency * each.photos_per_second,
                each.name,
            )
            for each in consumers
        ),
        Limit("account", account_concurrency, account_concurrency / concurrency_of_photo),
        Limit("s3_reads", S3_READS_PER_SECOND, S3_READS_PER_SECOND / reads),
        Limit("s3_writes", S3_WRITES_PER_SECOND, float(S3_WRITES_PER_SECOND)),
    ]
    return sorted(limits, key=lambda limit: limit.photos_per_second)


def find_slowdown(
    consumers: Sequence[Consumer], account_concurrency: int, analyses: int = 0
) -> float:
    """Returns by how much S3 stretches the workers' time at full concurrency; 1 if it does not.

    Beyond its rate for a prefix, S3 answers 503, and the workers' clients wait and try again.
    """
    wanted = sum(each.max_concurrency for each in consumers)
    share = min(1.0, account_concurrency / wanted)
    rates = [each.max_concurrency * share * each.photos_per_second for each in consumers]
    reads = sum(
        rate * count_reads(each, analyses) for rate, each in zip(rates, consumers, strict=True)
    )
    return max(1.0, reads / S3_READS_PER_SECOND, max(rates) / S3_WRITES_PER_SECOND)


def find_useful_concurrency(
    consumers: Sequence[Consumer], account_concurrency: int, analyses: int = 0
) -> int:
    """Returns the maximum concurrency up to which a higher one is faster, the same for each size.

    Beyond, the account's concurrency or S3 binds, or Lambda takes no higher setting.
    """
    reads = sum(each.photos_per_second * count_reads(each, analyses) for each in consumers)
    writes = max(each.photos_per_second for each in consumers)
    return int(
        min(
            MAX_CONCURRENCY_SETTING,
            account_concurrency / len(consumers),
            S3_READS_PER_SECOND / reads,
            S3_WRITES_PER_SECOND / writes,
        )
    )


def waiting_share(consumer: Consumer) -> float:
    """Returns the share of a full batch's time in which the worker only waits for S3."""
    return consumer.time.waiting / consumer.time.of_batch(consumer.size.batch_size)
