"""Parts of a simulation: a size's queue and worker, and figures of its messages."""

from dataclasses import dataclass, field
from typing import NamedTuple

from lib.operations.plan.aws_limits import MAX_CONCURRENCY
from lib.operations.plan.render_times import WorkerTime
from lib.operations.plan.stage import PlannedSize

# Samples of a run: enough for a picture's width. Beyond, every second one is dropped.
MAX_SAMPLES = 400


@dataclass(frozen=True)
class Consumer:
    """A size's queue and worker; `slowdown` stretches its time, if S3 cannot keep up."""

    size: PlannedSize
    time: WorkerTime
    slowdown: float = 1.0

    @property
    def name(self) -> str:
        """The size's name."""
        return self.size.name

    @property
    def max_concurrency(self) -> int:
        """Invocations that may run at once."""
        return min(self.size.max_concurrency, MAX_CONCURRENCY)

    def seconds(self, photos: float) -> float:
        """Returns the seconds of an invocation with so many photos."""
        return self.time.of_batch(photos) * self.slowdown

    @property
    def photos_per_second(self) -> float:
        """Photos that one worker renders in a second, in full batches."""
        return self.size.batch_size / self.seconds(self.size.batch_size)


class Sample(NamedTuple):
    """A moment: messages that are not rendered yet, the seconds that the oldest waits, workers."""

    time: float
    backlog: float
    age: float
    concurrency: float


@dataclass
class SizeRun:
    """Figures of a size's messages; times in seconds from the first upload."""

    name: str
    rendered: float = 0
    expired: float = 0
    drained_at: float = 0
    oldest: float = 0
    most_waiting: float = 0
    peak_concurrency: float = 0
    invocations: float = 0
    cold_starts: float = 0
    returned: float = 0
    samples: list[Sample] = field(default_factory=list)

    def record(self, sample: Sample) -> None:
        """Adds a sample."""
        self.samples.append(sample)
        self.most_waiting = max(self.most_waiting, sample.backlog)


@dataclass
class Sampler:
    """The moments at which to record samples: at growing distances, so that they stay few."""

    every: float = 1.0
    due: float = 0.0

    def advance(self, runs: list[SizeRun]) -> None:
        """Moves to the next moment; thins the samples if they are too many."""
        if max(len(run.samples) for run in runs) > MAX_SAMPLES:
            for run in runs:
                del run.samples[1::2]
            self.every *= 2
        self.due += self.every
