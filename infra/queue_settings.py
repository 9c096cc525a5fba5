"""Settings of queues and their functions, derived from timeout, max_concurrency and landing.

A stage sets only these three; the others follow from them or from AWS's limits, so that no two
settings contradict each other.
"""

from dataclasses import dataclass

# Messages a batch. SQS returns at most ten at once; more would need a window.
BATCH_SIZE = 10
# Seconds that Lambda waits to fill a batch. A single upload is rendered at once; under load, SQS
# returns full batches anyway.
BATCH_WINDOW = 0
# AWS recommends six timeouts plus the window: otherwise, if invocations are throttled, messages
# become visible while they are being processed.
VISIBILITY_TIMEOUTS = 6
# High enough that a message does not become a dead letter because it is returned untried, or
# because its neighbour crashes the function.
MAX_RECEIVE_COUNT = 10
DAY = 24 * 60 * 60
# Four days, SQS's default: a long weekend to repair what stops a worker.
QUEUE_RETENTION = 4 * DAY
# SQS's maximum: dead letters wait for people.
DLQ_RETENTION = 14 * DAY
# Timeouts after which a waiting message raises an alarm: a full batch and a retry take less.
MAX_AGE_TIMEOUTS = 6

# Seconds to render on demand: at most 10 to render and 10 to read the original, and a cold start.
# CloudFront waits for 30.
ON_DEMAND_TIMEOUT = 25

# Seconds: SQS's longest delay of a message.
MAX_DELAY = 900


@dataclass(frozen=True)
class QueueSettings:
    """Settings of one stage; times in seconds.

    `write_grace_seconds` is how long after its writer stopped waiting a write may still be applied.
    """

    timeout: int
    max_concurrency: int
    write_grace_seconds: int

    @property
    def visibility(self) -> int:
        """How long a received message is hidden from other workers."""
        return VISIBILITY_TIMEOUTS * self.timeout

    @property
    def reserved_seconds(self) -> float:
        """One photo's share of the timeout, so that every photo of a batch can be rendered."""
        return self.timeout / BATCH_SIZE

    @property
    def purge_delay(self) -> int:
        """Delay of an invalidation: afterwards no write and no older original can appear."""
        return max(self.timeout, ON_DEMAND_TIMEOUT) + self.write_grace_seconds

    @property
    def check_delay(self) -> int:
        """Delay of a recheck, so that it follows all writes made on demand."""
        return ON_DEMAND_TIMEOUT + self.write_grace_seconds

    @property
    def max_age(self) -> int:
        """Age of the oldest message that raises an alarm."""
        return MAX_AGE_TIMEOUTS * self.timeout
