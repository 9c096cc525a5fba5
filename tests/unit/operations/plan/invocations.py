"""Simulates queues and workers invocation by invocation, with SimPy: what flows are compared with.

An event source mapping begins with five invocations at once and adds some for as long as messages
wait, up to the maximum concurrency. All functions share the account's concurrency.
"""

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from lib.operations.plan.arrivals import Arrivals
from lib.operations.plan.aws_limits import INITIAL_CONCURRENCY, RAMP_PER_SECOND
from lib.operations.plan.consumers import Consumer, Sample, Sampler, SizeRun

Steps = Generator[simpy.Event, Any, None]
# Without it, a moment that is computed from a number and back may be just before the message.
_INSTANT = 1e-6


def simulate(
    consumers: Sequence[Consumer], arrivals: Arrivals, account_concurrency: int
) -> list[SizeRun]:
    """Simulates until all queues are empty; returns a run for each consumer."""
    env = simpy.Environment()
    account = simpy.Resource(env, account_concurrency)
    mappings = [_Mapping(env, account, each, arrivals) for each in consumers]
    pumps = [env.process(each.pump()) for each in mappings]
    env.process(_sample(env, mappings, pumps))
    env.run(simpy.AllOf(env, pumps))
    for each in mappings:
        each.run.record(each.sample())
    return [each.run for each in mappings]


def _sample(env: simpy.Environment, mappings: list["_Mapping"], pumps: list[Any]) -> Steps:
    sampler, runs = Sampler(), [each.run for each in mappings]
    while any(pump.is_alive for pump in pumps):
        for each in mappings:
            each.run.record(each.sample())
        sampler.advance(runs)
        yield env.timeout(sampler.due - env.now)


class _Mapping:
    """An event source mapping with its queue, its function and their figures."""

    def __init__(
        self,
        env: simpy.Environment,
        account: simpy.Resource,
        consumer: Consumer,
        arrivals: Arrivals,
    ) -> None:
        self._env, self._account, self._consumer = env, account, consumer
        self._arrivals = arrivals
        self._allowed: float = min(INITIAL_CONCURRENCY, consumer.max_concurrency)
        self._received = self._in_flight = self._invoking = self._running = self._warm = 0
        self._changed = env.event()
        self.run = SizeRun(consumer.name)

    @property
    def _waiting(self) -> int:
        return self._arrivals.arrived_by(self._env.now) - self._received

    @property
    def _age(self) -> float:
        """Seconds that the oldest message has waited."""
        oldest = self._arrivals.time_of(self._received + 1)
        return self._env.now - oldest if self._waiting else 0.0

    @property
    def _is_done(self) -> bool:
        return self._received >= self._arrivals.total and not self._in_flight

    def sample(self) -> Sample:
        """Returns the state of this moment."""
        return Sample(self._env.now, self._waiting + self._in_flight, self._age, self._running)

    def pump(self) -> Steps:
        """Invokes the function whenever messages and concurrency are there, until all is done."""
        last, most = self._env.now, self._consumer.max_concurrency
        while not self._is_done:
            while self._invoking + 1 <= self._allowed and self._waiting:
                self._receive()
            self._changed = self._env.event()
            is_short = bool(self._waiting)
            yield from self._wait(is_short)
            if is_short:
                grown = RAMP_PER_SECOND * (self._env.now - last)
                self._allowed = min(most, self._allowed + grown)
            last = self._env.now
        self.run.drained_at = self._env.now

    def _wait(self, is_short: bool) -> Steps:
        """Waits for an invocation's end, for messages, or for more concurrency."""
        moments = [self._changed]
        if is_short:
            if self._allowed < self._consumer.max_concurrency:
                missing = 1 - self._allowed % 1
                moments.append(self._env.timeout(missing / RAMP_PER_SECOND + _INSTANT))
        elif self._received < self._arrivals.total:
            due = self._arrivals.time_of(self._received + 1)
            moments.append(self._env.timeout(max(0.0, due - self._env.now) + _INSTANT))
        yield simpy.AnyOf(self._env, moments)

    def _receive(self) -> None:
        """Takes the oldest messages; those that SQS has deleted because of their age are lost."""
        size = self._consumer.size
        self.run.oldest = max(self.run.oldest, min(self._age, size.retention))
        gone = self._arrivals.arrived_by(self._env.now - size.retention)
        self.run.expired += max(0, gone - self._received)
        self._received = max(self._received, gone)
        photos = min(size.batch_size, self._waiting)
        self._received += photos
        self._in_flight += photos
        self._invoking += 1
        self._env.process(self._invoke(photos))

    def _invoke(self, photos: int) -> Steps:
        """Renders a batch, in a warm environment if there is one."""
        run, seconds = self.run, self._consumer.seconds(photos)
        with self._account.request() as slot:
            yield slot
            if self._warm:
                self._warm -= 1
            else:
                run.cold_starts += 1
                seconds += self._consumer.time.cold_start
            run.invocations += 1
            self._running += 1
            run.peak_concurrency = max(run.peak_concurrency, self._running)
            yield self._env.timeout(seconds)
            self._running -= 1
            self._warm += 1
        self._in_flight -= photos
        run.rendered += photos
        self._invoking -= 1
        if not self._changed.triggered:
            self._changed.succeed()
