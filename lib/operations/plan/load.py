"""Plans a load: how long queues take to drain, what binds, and what to raise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lib.operations.plan import events, flow
from lib.operations.plan.arrivals import Arrivals
from lib.operations.plan.aws_limits import ONE_CPU_MEMORY
from lib.operations.plan.bill import average_batch
from lib.operations.plan.consumers import Consumer, SizeRun
from lib.operations.plan.limits import (
    Limit,
    find_limits,
    find_slowdown,
    find_useful_concurrency,
    waiting_share,
)
from lib.operations.plan.render_times import WorkerTime
from lib.operations.plan.stage import PlannedStage

# Invocations that are simulated one by one: about two seconds. Flows take hundredths, whatever the
# number.
_MAX_EVENTS = 20_000
# From this share on, the wait for S3 is worth a word.
_MUCH_WAITING = 0.3


@dataclass(frozen=True)
class Load:
    """Effect of a load on a stage.

    `raised` is the load with `raised_to` as the maximum concurrency; both are None if more
    concurrency does not help.
    """

    photos: int
    photos_per_second: float
    runs: list[SizeRun]
    is_exact: bool
    limits: list[Limit]
    slowdown: float
    starved: list[str]
    waiting: dict[str, float]
    raised_to: int | None = None
    raised: "Load | None" = None

    @property
    def drained_at(self) -> float:
        """Seconds from the first upload until the last variant."""
        return max(run.drained_at for run in self.runs)

    @property
    def oldest(self) -> float:
        """Seconds that a message waits at most."""
        return max(run.oldest for run in self.runs)

    @property
    def expired(self) -> float:
        """Messages that SQS deletes because of their age, before a worker takes them."""
        return sum(run.expired for run in self.runs)

    @property
    def binding(self) -> Limit:
        """The limit that binds first."""
        return self.limits[0]

    @property
    def waits_much(self) -> bool:
        """Whether a full batch waits for S3 for a good part of its time."""
        return max(self.waiting.values()) >= _MUCH_WAITING


def plan_load(
    stage: PlannedStage,
    times: Mapping[str, WorkerTime],
    arrivals: Arrivals,
    account_concurrency: int,
) -> Load:
    """Plans a load, and the same with as much concurrency as is of use."""
    load = _plan(stage, times, arrivals, account_concurrency)
    consumers = _make_consumers(stage, times)
    useful = find_useful_concurrency(consumers, account_concurrency, stage.analyses)
    is_slower = load.drained_at > arrivals.end + 2 * max(
        each.seconds(each.size.batch_size) for each in consumers
    )
    if not is_slower or useful <= max(each.max_concurrency for each in consumers):
        return load
    faster = replace(stage, sizes=[replace(s, max_concurrency=useful) for s in stage.sizes])
    raised = _plan(faster, times, arrivals, account_concurrency)
    return replace(load, raised_to=useful, raised=raised)


def _plan(
    stage: PlannedStage,
    times: Mapping[str, WorkerTime],
    arrivals: Arrivals,
    account_concurrency: int,
) -> Load:
    consumers = _make_consumers(stage, times)
    slowdown = find_slowdown(consumers, account_concurrency, stage.analyses)
    slowed = [replace(each, slowdown=slowdown) for each in consumers]
    is_exact = _count_invocations(slowed, arrivals) <= _MAX_EVENTS
    simulate = events.simulate if is_exact else flow.simulate
    return Load(
        photos=arrivals.total,
        photos_per_second=arrivals.peak_rate,
        runs=simulate(slowed, arrivals, account_concurrency),
        is_exact=is_exact,
        limits=find_limits(consumers, account_concurrency, stage.analyses),
        slowdown=slowdown,
        starved=[each.name for each in consumers if each.size.memory < ONE_CPU_MEMORY],
        waiting={each.name: waiting_share(each) for each in consumers},
    )


def _make_consumers(stage: PlannedStage, times: Mapping[str, WorkerTime]) -> list[Consumer]:
    return [Consumer(each, times[each.name]) for each in stage.sizes]


def _count_invocations(consumers: Sequence[Consumer], arrivals: Arrivals) -> float:
    """Estimates the invocations of a load, from its fastest rate."""
    return sum(
        arrivals.total / average_batch(each.size, each.time, arrivals.peak_rate)
        for each in consumers
    )
