"""Every number of a queue and its function, derived from the two that a stage sets.

A stage gives the function's timeout and how many workers a size may have at once; all others
follow from these or from limits of AWS, so that no two of them can contradict each other.
"""

from dataclasses import dataclass

# Messages a batch. Ten is what SQS hands out at once; more would need a waiting window.
BATCH_SIZE = 10
# Seconds Lambda waits to fill a batch: during a burst fewer, fuller invocations; a lone upload
# is a second later.
BATCH_WINDOW = 1
# AWS asks for six timeouts plus the window, so that throttled invocations do not make messages
# visible that are still being worked on.
VISIBILITY_TIMEOUTS = 6
# A message that is returned untried, or hit by a neighbour's crash, must not become a dead
# letter for it.
MAX_RECEIVE_COUNT = 10
DAY = 24 * 60 * 60
# Four days, SQS's default: a long weekend to mend what stops a worker.
QUEUE_RETENTION = 4 * DAY
# The longest SQS allows: dead letters wait for people.
DLQ_RETENTION = 14 * DAY
# A message this old means that the queue is not drained: a full batch and one retry fit in.
MAX_AGE_TIMEOUTS = 6

# Seconds to make a picture on demand: 10 to render at most, as many to fetch the original at its
# worst, and a cold start. CloudFront waits for 30.
ON_DEMAND_TIMEOUT = 25

# The longest that SQS delays a message.
MAX_DELAY = 900


@dataclass(frozen=True)
class QueueSettings:
    """The numbers of one stage; times in seconds.

    `landing` is how long a write may be under way after its writer stopped waiting.
    """

    timeout: int
    max_concurrency: int
    write_grace_seconds: int

    @property
    def visibility(self) -> int:
        """How long a received message is hidden from other workers."""
        return VISIBILITY_TIMEOUTS * self.timeout + BATCH_WINDOW

    @property
    def reserved_seconds(self) -> float:
        """One photo's share of the timeout: all of a batch can begin, and the last can end."""
        return self.timeout / BATCH_SIZE

    @property
    def purge_delay(self) -> int:
        """How long an intention to purge waits: no write, and no answer with an older original,
        can come after the purge.
        """
        return max(self.timeout, ON_DEMAND_TIMEOUT) + self.write_grace_seconds

    @property
    def check_delay(self) -> int:
        """How long a check message waits, so that it comes after all writes made on demand."""
        return ON_DEMAND_TIMEOUT + self.write_grace_seconds

    @property
    def max_age(self) -> int:
        """Age of the oldest message that raises an alarm."""
        return MAX_AGE_TIMEOUTS * self.timeout
