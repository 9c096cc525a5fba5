"""Says what bounds a load, and what to raise."""

from collections.abc import Iterator

from lib.operations.plan.aws_limits import ONE_CPU_MEMORY
from lib.operations.plan.limits import Limit
from lib.operations.plan.load import Load
from lib.operations.plan.stage import PlannedStage
from lib.operations.plan.wording import format_seconds, format_things
from lib.plurals import pluralize

_DAY = 86400


def describe_load(load: Load, stage: PlannedStage) -> Iterator[str]:
    """Yields sentences: what binds first, what is lost, and what to do."""
    if load.photos_per_second <= load.binding.photos_per_second:
        yield (
            f"Nothing binds: {_name(load.binding)} allows "
            f"{format_things(load.binding.photos_per_second, 'photo')} a second."
        )
    else:
        yield (
            f"Binds first: {_name(load.binding)}, at "
            f"{format_things(load.binding.photos_per_second, 'photo')} a second"
            f"{_describe_cure(load)}."
        )
    if load.slowdown > 1:
        yield (
            "All sizes at full concurrency ask more of S3 than it serves of a prefix: workers take "
            f"{load.slowdown - 1:.0%} longer until S3 has split it, and more of them would not "
            "help."
        )
    if load.expired >= 1:
        days = max(size.retention for size in stage.sizes) // _DAY
        yield (
            f"LOST: {format_things(load.expired, 'message')}. SQS deletes what waits for "
            f"{pluralize(days, 'day')}. Upload more slowly, or raise what binds; ./fanout audit "
            "--repair queues the missing variants again."
        )
    if load.raised_to and load.raised:
        yield (
            f"With max_concurrency {load.raised_to}: all is rendered after "
            f"{format_seconds(load.raised.drained_at)}, and a message waits up to "
            f"{format_seconds(load.raised.oldest)}. Beyond, {_name_next(load)} binds."
        )
    if load.starved:
        yield (
            f"{', '.join(load.starved)}: with less than {ONE_CPU_MEMORY:,} MB a worker has less "
            f"than a core: memory: {ONE_CPU_MEMORY} in sizes.yml renders faster at about the same "
            "cost."
        )
    if load.waits_much:
        yield (
            "A full batch of ten waits for S3 for a good part of its time: photos are small, and "
            "more of them in a batch would help; SQS gives ten at most without a batching window."
        )
    if load.photos_per_second > stage.tickets_per_second:
        yield (
            f"Through the API the photos come more slowly: requests_per_second lets in "
            f"{format_things(stage.tickets_per_second, 'ticket')} a second, "
            f"{format_seconds(load.photos / stage.tickets_per_second)} for all."
        )
    if not load.is_exact:
        yield "So many invocations are simulated as flows, which differ by up to 3 %."


def _name(limit: Limit) -> str:
    return {
        "max_concurrency": f"max_concurrency ({limit.value:,.0f}) of {limit.size}",
        "account": f"the account's {limit.value:,.0f} concurrent executions",
        "s3_reads": f"S3's {limit.value:,.0f} reads a second of a prefix, that of the originals",
        "s3_writes": f"S3's {limit.value:,.0f} writes a second of a prefix",
    }[limit.kind]


def _describe_cure(load: Load) -> str:
    limit = load.binding
    if limit.kind == "account":
        needed = sum(each.value for each in load.limits if each.kind == "max_concurrency")
        return f": ask AWS (Service Quotas, Lambda) for {needed:,.0f}"
    if limit.kind.startswith("s3"):
        return (
            ": S3 splits a prefix that stays busy and takes more then; until it did, it answers "
            "503 and the workers try again"
        )
    return f": raise it to {load.raised_to:,}" if load.raised_to else ""


def _name_next(load: Load) -> str:
    """Names the limit that binds first once max_concurrency is raised."""
    others = [limit for limit in load.limits if limit.kind != "max_concurrency"]
    return _name(min(others, key=lambda limit: limit.photos_per_second))
