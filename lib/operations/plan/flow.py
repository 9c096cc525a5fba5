"""Simulates queues and workers as flows, for loads of which each invocation would take too long.

In each step, a size's workers render what their concurrency allows. Against the simulation of each
invocation (events.py), drain time and age differ by less than 3 % and a batch: the tests compare
both.
"""

import math
from collections.abc import Sequence

from lib.operations.plan.arrivals import Arrivals
from lib.operations.plan.aws_limits import INITIAL_CONCURRENCY, RAMP_PER_SECOND
from lib.operations.plan.bill import average_batch
from lib.operations.plan.consumers import Consumer, Sample, Sampler, SizeRun

# Seconds of the first steps, which follow the growth of concurrency; shares of the time that has
# passed, and of the oldest message's age, which later steps may take.
_FIRST_STEP, _STEP_SHARE, _AGE_SHARE = 0.25, 0.002, 0.01
# Less than this of a message is none.
_NOTHING = 1e-6


def simulate(
    consumers: Sequence[Consumer], arrivals: Arrivals, account_concurrency: int
) -> list[SizeRun]:
    """Simulates until all queues are empty; returns a run for each consumer."""
    flows = [_Flow(each, arrivals) for each in consumers]
    runs, sampler, now = [each.run for each in flows], Sampler(), 0.0
    while not all(each.is_done(now) for each in flows):
        oldest = max(each.sample(now).age for each in flows)
        step = max(_FIRST_STEP, min(now * _STEP_SHARE, oldest * _AGE_SHARE or math.inf))
        step = min(step, arrivals.next_change(now) - now)
        if now >= sampler.due:
            for each in flows:
                each.run.record(each.sample(now))
            while sampler.due <= now:
                sampler.advance(runs)
        wanted = sum(each.wanted(now, step) for each in flows)
        share = min(1.0, account_concurrency / wanted) if wanted else 1.0
        for each in flows:
            each.advance(now, step, share)
        now += step
    for each in flows:
        each.run.record(each.sample(now))
    return runs


class _Flow:
    """One size's queue and workers; messages are taken in the order in which they arrive."""

    def __init__(self, consumer: Consumer, arrivals: Arrivals) -> None:
        self._consumer, self._arrivals = consumer, arrivals
        self._allowed: float = min(INITIAL_CONCURRENCY, consumer.max_concurrency)
        # Messages that were taken: rendered or expired. Environments that were started, and the
        # worker seconds that their cold starts still take.
        self._taken = self._started = self._starting = self._concurrency = 0.0
        self.run = SizeRun(consumer.name)

    def is_done(self, now: float) -> bool:
        return now >= self._arrivals.end and self._backlog(now) <= _NOTHING

    def sample(self, now: float) -> Sample:
        in_flight = self._concurrency * self._consumer.size.batch_size
        first = self._taken + in_flight + 1
        age = max(0.0, now - self._arrivals.time_of(first)) if first < self._count(now) else 0.0
        return Sample(now, self._backlog(now), age, self._concurrency)

    def wanted(self, now: float, step: float) -> float:
        """Returns the concurrency that the step's messages would use, of what is allowed."""
        photos = self._backlog(now + step)
        growth = min(step, (self._consumer.max_concurrency - self._allowed) / RAMP_PER_SECOND)
        # Invocations are whole: up to one of them is not there yet.
        gained = RAMP_PER_SECOND * growth * (1 - growth / (2 * step)) - 1
        allowed = self._allowed + max(0.0, gained)
        return min(allowed, photos / step / self._consumer.photos_per_second)

    def advance(self, now: float, step: float, share: float) -> None:
        """Renders what a share of the wanted concurrency can in this step."""
        self._expire(now)
        photos = self._backlog(now + step)
        self._concurrency = self.wanted(now, step) * share
        is_short = photos / step > self._allowed * share * self._consumer.photos_per_second
        started = max(0.0, self._concurrency - self._started)
        self._starting += started * self._consumer.time.cold_start
        cold = min(self._starting, self._concurrency * step)
        work = (self._concurrency * step - cold) * self._consumer.photos_per_second
        done = min(photos, work)
        self._started += started
        self._starting -= cold
        self._taken += done
        self._record(now, step, done, started, is_short=is_short)
        if done:
            # A message that found no queue is rendered by itself.
            alone = self._arrivals.time_of(self._taken) + self._consumer.seconds(1)
            self.run.drained_at = max(now + step * done / work, alone)
        if is_short:
            most = self._consumer.max_concurrency
            self._allowed = min(most, self._allowed + RAMP_PER_SECOND * step)

    def _record(
        self, now: float, step: float, done: float, started: float, *, is_short: bool
    ) -> None:
        run, size = self.run, self._consumer.size
        batch = (
            size.batch_size if is_short else average_batch(size, self._consumer.time, done / step)
        )
        run.rendered += done
        run.invocations += done / batch
        run.cold_starts += started
        run.peak_concurrency = max(run.peak_concurrency, math.ceil(self._concurrency - _NOTHING))
        run.oldest = max(run.oldest, self.sample(now + step).age)

    def _count(self, now: float) -> float:
        return min(self._arrivals.count_until(now), self._arrivals.total)

    def _backlog(self, now: float) -> float:
        return max(0.0, self._count(now) - self._taken)

    def _expire(self, now: float) -> None:
        """Drops the messages that SQS deletes because of their age."""
        gone = self._count(now - self._consumer.size.retention) - self._taken
        if gone > 0:
            self.run.expired += gone
            self._taken += gone
