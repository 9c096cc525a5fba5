"""Both simulations against closed forms, and against each other."""

from collections.abc import Callable, Sequence
from math import inf
from random import Random
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.operations.plan import events, flow
from lib.operations.plan.arrivals import Arrivals, make_burst
from lib.operations.plan.aws_limits import (
    CONCURRENCY_PER_MINUTE,
    ENVIRONMENTS_PER_10_SECONDS,
    INITIAL_CONCURRENCY,
    MAX_CONCURRENCY,
    RAMP_PER_SECOND,
)
from lib.operations.plan.consumers import MAX_SAMPLES, Consumer, SizeRun
from lib.operations.plan.render_times import WorkerTime
from tests.unit.operations.plan.stages import a_size

Simulate = Callable[[Sequence[Consumer], Arrivals, int], list[SizeRun]]
BOTH = pytest.mark.parametrize("simulate", [events.simulate, flow.simulate], ids=["events", "flow"])
# A batch of ten takes a second: 0.5 s of waiting, and 0.05 s for each photo.
SECOND = WorkerTime(waiting=0.5, busy=0.05, cold_start=0)
ENOUGH = 10_000


def a_consumer(time: WorkerTime = SECOND, *, concurrency: int = 10, **changes: Any) -> Consumer:
    return Consumer(a_size(max_concurrency=concurrency, **changes), time)


def run(
    simulate: Simulate, consumer: Consumer, arrivals: Arrivals, account: int = ENOUGH
) -> SizeRun:
    (found,) = simulate([consumer], arrivals, account)
    return found


@BOTH
def test_a_burst_drains_in_photos_by_capacity(simulate: Simulate) -> None:
    """Five workers from the first moment on, ten photos a second each: 20,000 take 400 s."""
    found = run(simulate, a_consumer(concurrency=5), make_burst(20_000, 1e9))
    assert found.drained_at == pytest.approx(400, abs=1.1)
    assert found.rendered == pytest.approx(20_000)
    assert found.peak_concurrency == 5
    assert found.invocations == pytest.approx(2000, rel=0.01)
    # The last batch was received a second before the end.
    assert found.oldest == pytest.approx(399, abs=1.5)
    assert found.most_waiting == pytest.approx(20_000, rel=0.01)


@BOTH
def test_a_constant_rate_below_capacity_makes_no_backlog(simulate: Simulate) -> None:
    """Ten a second; five workers take 0.55 s for one message alone, so nine a second each way."""
    found = run(simulate, a_consumer(concurrency=10), make_burst(3000, 10))
    assert found.drained_at == pytest.approx(300, abs=2)
    assert found.oldest < 1.5
    assert found.most_waiting < 25


@BOTH
def test_a_rate_above_capacity_grows_by_the_difference(simulate: Simulate) -> None:
    """80 a second against 50: after 100 s, 3,000 wait, and take another minute."""
    found = run(simulate, a_consumer(concurrency=5), make_burst(8000, 80))
    assert found.most_waiting == pytest.approx(3000, rel=0.03)
    assert found.drained_at == pytest.approx(160, rel=0.02)
    # The last upload waits for the 3,000 before it.
    assert found.oldest == pytest.approx(60, rel=0.05)


@BOTH
def test_concurrency_grows_by_300_a_minute(simulate: Simulate) -> None:
    """Until s seconds, workers do 5 s + 5 s^2 / 2 seconds of work, ten photos in each."""
    photos = 60_000
    found = run(simulate, a_consumer(concurrency=1000), make_burst(photos, 1e9))
    seconds = -1 + (1 + 2 * photos / 10 / 5) ** 0.5
    assert INITIAL_CONCURRENCY * seconds + RAMP_PER_SECOND * seconds**2 / 2 == pytest.approx(6000)
    assert found.drained_at == pytest.approx(seconds, abs=1.2)
    assert found.peak_concurrency == pytest.approx(5 + 5 * seconds, rel=0.03)


@BOTH
def test_without_a_maximum_concurrency_lambda_stops_at_its_own(simulate: Simulate) -> None:
    consumer = a_consumer(WorkerTime(100, 0, 0), concurrency=5000)
    found = run(simulate, consumer, make_burst(40_000, 1e9))
    assert found.peak_concurrency == pytest.approx(MAX_CONCURRENCY)


def test_lambdas_own_scaling_never_binds() -> None:
    assert CONCURRENCY_PER_MINUTE / 60 < ENVIRONMENTS_PER_10_SECONDS / 10
    assert RAMP_PER_SECOND == 5


@BOTH
def test_sizes_share_the_accounts_concurrency(simulate: Simulate) -> None:
    """Two sizes of 50 workers, of which the account lets 20 run: 100 photos a second each."""
    two = [Consumer(a_size(name, max_concurrency=50), SECOND) for name in ("one", "two")]
    runs = simulate(two, make_burst(10_000, 1e9), 20)
    for each in runs:
        assert each.drained_at == pytest.approx(100, rel=0.08)
    for moment in zip(*(each.samples for each in runs), strict=True):
        assert sum(sample.concurrency for sample in moment) <= 20 + 1e-6
    # What waits for concurrency is not lost.
    assert [each.rendered for each in runs] == [pytest.approx(10_000)] * 2


def test_messages_that_find_no_concurrency_are_received_again() -> None:
    """A batch takes longer than the visibility timeout of those that wait for it."""
    slow = WorkerTime(waiting=60, busy=0, cold_start=0)
    consumer = a_consumer(slow, concurrency=5, visibility=30)
    found = run(events.simulate, consumer, make_burst(50, 1e9), account=1)
    assert found.returned > 0
    assert found.rendered == 50
    assert found.drained_at == pytest.approx(5 * 60, rel=0.2)


@BOTH
def test_a_cold_start_delays_the_first_batch_of_each_environment(simulate: Simulate) -> None:
    cold = WorkerTime(waiting=0.5, busy=0.05, cold_start=4)
    warm, delayed = (
        run(simulate, a_consumer(time, concurrency=5), make_burst(1000, 1e9))
        for time in (SECOND, cold)
    )
    assert delayed.cold_starts == pytest.approx(5)
    assert delayed.drained_at - warm.drained_at == pytest.approx(4, abs=0.6)


@BOTH
def test_messages_older_than_the_retention_are_lost(simulate: Simulate) -> None:
    """Fifty photos a second for 100 s of retention; what was not taken by then is gone."""
    consumer = a_consumer(concurrency=5, retention=100)
    found = run(simulate, consumer, make_burst(20_000, 1e9))
    assert found.rendered + found.expired == pytest.approx(20_000, rel=0.001)
    assert found.rendered == pytest.approx(5000, rel=0.03)
    assert found.drained_at == pytest.approx(100, rel=0.05)


def test_a_window_fills_batches() -> None:
    """Two a second and a window of five seconds: ten in a batch, or what came in five seconds."""
    alone = run(events.simulate, a_consumer(), make_burst(200, 1))
    filled = run(events.simulate, a_consumer(window=5), make_burst(200, 1))
    assert alone.invocations == 200
    assert filled.invocations == pytest.approx(200 / 6, rel=0.2)
    assert filled.rendered == 200


def test_an_idle_stage_is_done_at_once() -> None:
    for simulate in (events.simulate, flow.simulate):
        found = run(simulate, a_consumer(), Arrivals([(10, 0)]))
        assert (found.rendered, found.invocations) == (0, 0)


def test_evenly_spaced_messages_wait_only_above_capacity() -> None:
    """One worker, a second for each message: nobody waits at 0.8 a second."""
    consumer = a_consumer(WorkerTime(1, 0, 0), concurrency=1, batch_size=1)
    below = run(events.simulate, consumer, make_burst(400, 0.8))
    assert below.oldest == pytest.approx(0, abs=0.01)
    above = run(events.simulate, consumer, make_burst(400, 1.25))
    assert above.oldest == pytest.approx(400 * (1 - 0.8), rel=0.02)


def test_random_arrivals_wait_as_in_an_m_d_1_queue() -> None:
    """Pollaczek and Khinchine: at load r, r + r^2 / (2 (1 - r)) messages are there on average."""
    load, random = 0.8, Random(22)  # noqa: S311  no secret
    arrivals = Arrivals((random.expovariate(load), 1) for _ in range(20_000))
    consumer = a_consumer(WorkerTime(1, 0, 0), concurrency=1, batch_size=1)
    found = run(events.simulate, consumer, arrivals)
    mean = fmean(sample.backlog for sample in found.samples)
    assert mean == pytest.approx(load + load**2 / (2 * (1 - load)), rel=0.15)


LOADS = {
    "a burst": (make_burst(10_000, 3500), 10, ENOUGH),
    "a long burst": (make_burst(60_000, 3500), 50, ENOUGH),
    "above capacity": (make_burst(20_000, 250), 10, ENOUGH),
    "a growing concurrency": (make_burst(50_000, 3500), 400, ENOUGH),
    "an account's limit": (make_burst(40_000, 3500), 200, 60),
    "two peaks": (Arrivals([(60, 9000), (600, 60), (60, 6000)]), 10, ENOUGH),
}


@pytest.mark.parametrize("name", LOADS)
def test_flows_agree_with_the_simulation_of_each_invocation(name: str) -> None:
    """docs/plan.md: 3 % and a batch, in drain time."""
    arrivals, concurrency, account = LOADS[name]
    time = WorkerTime(waiting=0.145, busy=0.05, cold_start=1)
    consumer = a_consumer(time, concurrency=concurrency)
    exact = run(events.simulate, consumer, arrivals, account)
    flowing = run(flow.simulate, consumer, arrivals, account)
    batch = consumer.seconds(10)
    assert flowing.drained_at == pytest.approx(exact.drained_at, rel=0.03, abs=batch)
    assert flowing.oldest == pytest.approx(exact.oldest, rel=0.06, abs=2 * batch)
    assert flowing.most_waiting == pytest.approx(exact.most_waiting, rel=0.03, abs=200)
    assert flowing.rendered == pytest.approx(exact.rendered)


@settings(max_examples=25, deadline=None)
@given(
    spans=st.lists(st.tuples(st.floats(1, 100), st.integers(0, 400)), min_size=1, max_size=4),
    concurrency=st.integers(1, 40),
    account=st.integers(1, 50),
    window=st.sampled_from([0, 2]),
)
def test_every_message_is_rendered_once_whatever_comes(
    spans: list[tuple[float, int]], concurrency: int, account: int, window: int
) -> None:
    arrivals = Arrivals(spans)
    consumer = a_consumer(concurrency=concurrency, window=window)
    for simulate in (events.simulate, flow.simulate):
        found = run(simulate, consumer, arrivals, account)
        assert found.rendered == pytest.approx(arrivals.total)
        assert found.expired == 0
        assert found.peak_concurrency <= min(concurrency, account) + 1e-6
        # No faster than all workers at full speed.
        fastest = arrivals.total / (min(concurrency, account) * 10)
        assert found.drained_at >= fastest - 1
        times = [sample.time for sample in found.samples]
        assert times == sorted(times)
        assert found.samples[-1].backlog == pytest.approx(0, abs=1e-3)


def test_a_hundred_million_photos_take_no_longer_than_a_few_samples() -> None:
    found = run(flow.simulate, a_consumer(concurrency=1000), make_burst(1e8, 3500))
    assert found.rendered == pytest.approx(1e8)
    assert len(found.samples) <= MAX_SAMPLES + 2


def test_a_late_peak_is_as_long_as_its_hour() -> None:
    """Workers render 21.16 a second of 166.7: the hour leaves 523,824."""
    arrivals = Arrivals([(3600, 10)] * 700 + [(3600, 600_000)] + [(3600, 10)] * 29)
    consumer = a_consumer(WorkerTime(0.145, 0.08, 1), concurrency=2)
    found = run(flow.simulate, consumer, arrivals)
    assert found.most_waiting == pytest.approx(523_824, rel=0.01)
    assert found.oldest == pytest.approx(600_000 / 21.16 - 3600, rel=0.01)


def test_a_late_peak_does_not_wait_for_concurrency_that_grows_in_seconds() -> None:
    arrivals = Arrivals([(3600, 10)] * 700 + [(3600, 600_000)])
    found = run(flow.simulate, a_consumer(concurrency=50), arrivals)
    assert found.most_waiting < 1000


def test_arrivals_are_counted_and_found_at_their_time() -> None:
    arrivals = Arrivals([(10, 20), (0, 7), (5, 0), (10, 5)])
    assert (arrivals.total, arrivals.end, arrivals.peak_rate) == (25, 25, 2)
    assert [arrivals.arrived_by(time) for time in (-1, 0, 0.4, 0.5, 10, 15, 17, 25, 99)] == [
        *(0, 0, 0, 1, 20, 20, 21, 25, 25)
    ]
    assert [arrivals.time_of(number) for number in (0, 1, 20, 21, 25)] == [0, 0.5, 10, 17, 25]
    assert [arrivals.next_change(time) for time in (0, 10, 14, 25)] == [10, 15, 15, inf]
    assert Arrivals([(10, 2.7)]).total == 2
