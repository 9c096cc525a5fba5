"""A replay in the quickest way: SQS's own move for a whole queue, else letter by letter."""

import time

from lib.aws import moves
from lib.aws import sqs as queues
from lib.dead_letters.letter import EVERYTHING, Filter, Kind
from lib.dead_letters.queue import DeadLetters, Tally, Tell, say_nothing
from lib.errors import TransientError

# Seconds between two looks at a move: SQS counts no faster.
LOOK_EVERY = 1


def replay(
    letters: DeadLetters,
    queue_url: str,
    wanted: Filter = EVERYTHING,
    *,
    limit: int | None = None,
    rate: int | None = None,
    tell: Tell = say_nothing,
) -> Tally:
    """As DeadLetters.replay, by SQS alone where all letters are meant and SQS can do it.

    SQS lets moved messages keep their attributes; the worker reads none, and writes new ones.
    """
    # SQS moves only from queues that are another queue's dead-letter queue.
    if wanted == EVERYTHING and limit is None and letters.kind is not Kind.SUBSCRIPTION:
        tally = _moved(letters, queue_url, rate, tell)
        if tally:
            return tally
    return letters.replay(queue_url, wanted, limit=limit, rate=rate, tell=tell)


def _moved(letters: DeadLetters, queue_url: str, rate: int | None, tell: Tell) -> Tally | None:
    """None where the service cannot."""
    sqs = letters.sqs
    source, destination = (
        queues.attributes_of(sqs, url)["QueueArn"] for url in (letters.url, queue_url)
    )
    # Named, because what a worker has parked knows of no queue that it came from.
    handle = moves.start(sqs, source, destination, rate)
    if handle is None:
        return None
    try:
        return Tally(taken=_followed(letters, source, tell))
    except KeyboardInterrupt:
        moves.stop(sqs, handle)
        raise


def _followed(letters: DeadLetters, source: str, tell: Tell) -> int:
    known = 0
    while True:
        move = moves.latest(letters.sqs, source)
        tell(move.moved - known)
        known = move.moved
        if move.status == "COMPLETED":
            return known
        if move.status in ("FAILED", "CANCELLED"):
            raise TransientError(
                move.status.lower(),
                f"SQS has moved {move.moved} of about {move.total} messages and ended "
                f"({move.status.lower()}): {move.failure or 'it says no more'}; run again",
            )
        time.sleep(LOOK_EVERY)
