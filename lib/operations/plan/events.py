"""Simulates queues and workers invocation by invocation, with SimPy.

S3 -> SNS -> SQS is taken to be immediate. An event source mapping begins with five invocations at
once and adds some for as long as messages wait, up to the maximum concurrency. All functions share
the account's concurrency: an invocation that finds none is tried again until the visibility timeout
ends; then its messages are visible again.
"""

from collections import deque
from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

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


class _Batch(NamedTuple):
    messages: int
    oldest: float


class _Queue:
    """A size's messages: those that did not arrive yet, wait, were returned, or are in flight."""

    def __init__(self, env: simpy.Environment, arrivals: Arrivals, retention: float) -> None:
        self._env, self._arrivals, self._retention = env, arrivals, retention
        self._returned = deque[_Batch]()
        self._received = self._visible_again = 0
        self.in_flight = 0
        self.expired = 0

    @property
    def waiting(self) -> int:
        """Messages that can be received."""
        fresh = self._arrivals.arrived_by(self._env.now) - self._received
        return fresh + self._visible_again

    @property
    def is_done(self) -> bool:
        """Whether all messages are received, and none will be again."""
        is_received = self._received >= self._arrivals.total
        return is_received and not self._returned and not self.in_flight

    @property
    def age(self) -> float:
        """Seconds that the oldest message has waited."""
        return self._env.now - self._oldest if self.waiting else 0.0

    @property
    def _oldest(self) -> float:
        if self._returned:
            return self._returned[0].oldest
        return self._arrivals.time_of(self._received + 1)

    def next_arrival(self, number: int = 1) -> float | None:
        """Returns when so many further messages will be there; None if never."""
        wanted = self._received + number
        return self._arrivals.time_of(wanted) if wanted <= self._arrivals.total else None

    def receive(self, most: int) -> _Batch:
        """Takes the oldest messages; those that SQS has deleted because of their age are lost."""
        if self._returned:
            batch = self._returned.popleft()
            self._visible_again -= batch.messages
        else:
            self._expire()
            fresh = self._arrivals.arrived_by(self._env.now) - self._received
            batch = _Batch(min(most, fresh), self._arrivals.time_of(self._received + 1))
            self._received += batch.messages
        self.in_flight += batch.messages
        return batch

    def give_back(self, batch: _Batch) -> None:
        """Makes messages visible again."""
        self.in_flight -= batch.messages
        self._visible_again += batch.messages
        self._returned.append(batch)

    def _expire(self) -> None:
        gone = self._arrivals.arrived_by(self._env.now - self._retention)
        self.expired += max(0, gone - self._received)
        self._received = max(self._received, gone)


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
        self._queue = _Queue(env, arrivals, consumer.size.retention)
        self._allowed: float = min(INITIAL_CONCURRENCY, consumer.max_concurrency)
        self._running = self._invoking = self._warm = 0
        self._changed = env.event()
        self.run = SizeRun(consumer.name)

    def sample(self) -> Sample:
        """Returns the state of this moment."""
        backlog = self._queue.waiting + self._queue.in_flight
        return Sample(self._env.now, backlog, self._queue.age, self._running)

    def pump(self) -> Steps:
        """Invokes the function whenever messages and concurrency are there, until all is done."""
        last = self._env.now
        while not self._queue.is_done:
            while self._invoking + 1 <= self._allowed and self._is_ready():
                self._invoking += 1
                self._receive()
            self._changed = self._env.event()
            is_short = bool(self._queue.waiting) and self._invoking + 1 > self._allowed
            yield from self._wait(is_short)
            if is_short:
                self._grow(self._env.now - last)
            last = self._env.now
        self.run.expired = self._queue.expired
        self.run.drained_at = self._env.now

    def _grow(self, seconds: float) -> None:
        most = self._consumer.max_concurrency
        self._allowed = min(most, self._allowed + RAMP_PER_SECOND * seconds)

    def _is_ready(self) -> bool:
        """Returns whether there is a full batch, or one that has waited for the window."""
        waiting, size = self._queue.waiting, self._consumer.size
        return waiting >= size.batch_size or (
            waiting > 0 and self._queue.age + _INSTANT >= size.window
        )

    def _wait(self, is_short: bool) -> Steps:
        """Waits for an invocation's end, for messages, or for more concurrency."""
        moments = [self._changed]
        if is_short:
            if self._allowed < self._consumer.max_concurrency:
                missing = 1 - self._allowed % 1
                moments.append(self._env.timeout(missing / RAMP_PER_SECOND + _INSTANT))
        elif (due := self._next_batch()) is not None:
            moments.append(self._env.timeout(max(0.0, due - self._env.now) + _INSTANT))
        yield simpy.AnyOf(self._env, moments)

    def _next_batch(self) -> float | None:
        """Returns when the next batch is ready, if no message is returned; None if never."""
        size, waiting = self._consumer.size, self._queue.waiting
        if waiting:
            due = self._env.now + size.window - self._queue.age
            full = self._queue.next_arrival(size.batch_size)
            return due if full is None else min(due, full)
        first = self._queue.next_arrival()
        if first is None or not size.window:
            return first
        full = self._queue.next_arrival(size.batch_size)
        return first + size.window if full is None else min(first + size.window, full)

    def _receive(self) -> None:
        age = self._queue.age
        batch = self._queue.receive(self._consumer.size.batch_size)
        self.run.oldest = max(self.run.oldest, min(age, self._consumer.size.retention))
        self._env.process(self._invoke(batch))

    def _invoke(self, batch: _Batch) -> Steps:
        with self._account.request() as slot:
            yield slot | self._env.timeout(self._consumer.size.visibility)
            if slot.triggered:
                yield from self._work(batch)
            else:
                self.run.returned += batch.messages
                self._queue.give_back(batch)
        self._invoking -= 1
        if not self._changed.triggered:
            self._changed.succeed()

    def _work(self, batch: _Batch) -> Steps:
        """Renders a batch, in a warm environment if there is one."""
        run, seconds = self.run, self._consumer.seconds(batch.messages)
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
        self._queue.in_flight -= batch.messages
        run.rendered += batch.messages
