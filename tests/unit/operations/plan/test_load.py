"""What binds first, and what raising it does."""

from typing import Any

import pytest

from lib.operations.plan.arrivals import make_burst
from lib.operations.plan.consumers import Consumer
from lib.operations.plan.limits import (
    find_limits,
    find_slowdown,
    find_useful_concurrency,
    waiting_share,
)
from lib.operations.plan.load import Load, plan_load
from lib.operations.plan.render_times import WorkerTime
from lib.operations.plan.stage import PlannedStage
from lib.sizes import Size
from tests.unit.operations.plan.stages import a_size, a_stage

# Ten photos of a batch in a second.
SECOND = WorkerTime(waiting=0.5, busy=0.05, cold_start=0)
ACCOUNT = 1000


def load_of(
    stage: PlannedStage, photos: float = 10_000, account: int = ACCOUNT, rate: float = 3500
) -> Load:
    times = {each.name: SECOND for each in stage.sizes}
    return plan_load(stage, times, make_burst(photos, rate), account)


def some_sizes(number: int, **changes: Any) -> PlannedStage:
    return a_stage(*(a_size(f"size-{each}", **changes) for each in range(number)))


def consumers_of(stage: PlannedStage) -> list[Consumer]:
    return [Consumer(each, SECOND) for each in stage.sizes]


def test_maximum_concurrency_binds_a_default_stage() -> None:
    """Ten workers of ten photos a second."""
    load = load_of(some_sizes(4))
    assert load.binding.kind == "max_concurrency"
    assert load.binding.photos_per_second == pytest.approx(100)
    assert load.drained_at == pytest.approx(100, rel=0.03)


def test_raising_it_helps_up_to_the_next_limit() -> None:
    """Four sizes read originals twice a photo: 5,500 reads are 687 photos, 68 workers a size."""
    load = load_of(some_sizes(4), 50_000)
    assert load.raised_to == 68
    assert load.raised
    assert load.raised.slowdown == pytest.approx(1)
    assert load.raised.drained_at == pytest.approx(50_000 / 680, rel=0.15)
    assert load.raised.drained_at < load.drained_at / 5
    # As far as it helps, and no further.
    beyond = load_of(some_sizes(4, max_concurrency=136), 50_000)
    assert beyond.slowdown == pytest.approx(2, rel=0.02)
    assert beyond.drained_at > 0.9 * load.raised.drained_at


def test_the_slowest_size_binds() -> None:
    stage = a_stage(a_size("fast"), a_size("slow", max_concurrency=2))
    load = load_of(stage)
    assert (load.binding.size, load.binding.value) == ("slow", 2)
    assert max(load.runs, key=lambda run: run.drained_at).name == "slow"


def test_the_accounts_concurrency_binds_if_it_is_less() -> None:
    load = load_of(some_sizes(4, max_concurrency=50), account=100)
    assert load.binding.kind == "account"
    assert load.binding.photos_per_second == pytest.approx(250)
    assert load.raised_to is None
    assert load.drained_at == pytest.approx(10_000 / 250, rel=0.2)


def test_s3_binds_a_stage_with_many_workers() -> None:
    stage = some_sizes(4, max_concurrency=200)
    load = load_of(stage, 100_000)
    assert load.binding.kind == "s3_reads"
    assert load.binding.photos_per_second == pytest.approx(5500 / 8)
    assert load.slowdown > 1
    assert load.raised_to is None
    # Beside it, concurrency grows in the first half minute.
    assert load.drained_at == pytest.approx(100_000 / (5500 / 8), rel=0.15)


def test_s3s_writes_bind_a_single_quick_size() -> None:
    quick = [Consumer(a_size(max_concurrency=1000), WorkerTime(0.01, 0.001, 0))]
    kinds = [each.kind for each in find_limits(quick, ACCOUNT)]
    assert kinds[0] == "s3_reads"
    limits = {each.kind: each.photos_per_second for each in find_limits(quick, ACCOUNT)}
    assert limits["s3_writes"] == 3500
    assert find_slowdown(quick, ACCOUNT) == pytest.approx(1000 * 10 / 0.02 * 2 / 5500)


def test_analyses_read_originals_once_more() -> None:
    limits = find_limits(consumers_of(some_sizes(1)), ACCOUNT, analyses=1)
    reads = next(each for each in limits if each.kind == "s3_reads")
    assert reads.photos_per_second == pytest.approx(5500 / 3)


def test_another_format_reads_the_original_once_more() -> None:
    stage = a_stage(a_size(size=Size(name="800x600", width=800, height=600, formats=("webp",))))
    limits = find_limits(consumers_of(stage), ACCOUNT)
    reads = next(each for each in limits if each.kind == "s3_reads")
    assert reads.photos_per_second == pytest.approx(5500 / 3)


def test_useful_concurrency_is_what_lambda_takes_at_most() -> None:
    slow = [Consumer(a_size(), WorkerTime(100, 1, 0))]
    assert find_useful_concurrency(slow, 100_000) == 1000
    assert find_useful_concurrency(slow, 30) == 30


def test_nothing_is_raised_for_a_load_that_fits() -> None:
    load = load_of(some_sizes(1), 1000, rate=20)
    assert load.raised is None
    assert load.raised_to is None
    assert load.photos_per_second < load.binding.photos_per_second
    assert load.oldest < 1.5


def test_messages_that_wait_for_days_are_lost() -> None:
    """A million at two photos a second take five days, and SQS keeps them for four."""
    stage = a_stage(a_size("800x600", max_concurrency=2))
    times = {"800x600": WorkerTime(9, 0.1, 0)}
    load = plan_load(stage, times, make_burst(1e6, 3500), ACCOUNT)
    assert load.expired == pytest.approx(1e6 - 4 * 86400 * 2, rel=0.01)
    assert load.raised
    assert load.raised.expired == 0


def test_small_loads_are_exact_and_large_ones_are_not() -> None:
    assert load_of(some_sizes(1), 1000).is_exact
    assert not load_of(some_sizes(1), 1e8).is_exact


def test_memory_below_a_core_and_much_waiting_are_said() -> None:
    stage = a_stage(a_size("800x600", memory=512))
    load = load_of(stage)
    assert load.starved == ["800x600"]
    assert load.waiting == {"800x600": pytest.approx(0.5)}
    assert load.waits_much
    assert waiting_share(Consumer(a_size(), WorkerTime(0.1, 0.09, 0))) == pytest.approx(0.1)
