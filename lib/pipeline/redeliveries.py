"""Decides whether a redelivered message may have stopped the worker that last received it.

SQS counts receives but not how they ended, and a stopped worker records nothing. But its messages
stay hidden for the queue's whole visibility timeout, while a returned message reappears sooner. So
a message that reappears sooner stopped no worker; nor did one that this worker itself returned the
last time. This needs no stored state, which could not be written while S3 is slow, when most
messages are returned.
"""

from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock

from lib.pipeline.messages import SqsMessage

# Seconds by which SQS's clock and this one may differ.
_CLOCK_SKEW = 5
# Messages remembered by a worker: those of 100 batches. A forgotten one may run last in its batch.
_MAX_REMEMBERED = 1000


class Redeliveries:
    """Distinguishes messages that may have stopped a worker from returned ones."""

    def __init__(self, visibility_seconds: float) -> None:
        self._hidden_seconds = visibility_seconds - _CLOCK_SKEW
        self._returned = OrderedDict[str, int]()
        self._lock = Lock()

    def may_have_stopped_a_worker(self, message: SqsMessage) -> bool:
        """Returns whether the message may have stopped a worker by its memory or timeout."""
        if message.attempts == 1:
            return message.may_stop_workers
        if self._returned.get(message.id) == message.attempts - 1:
            return False
        if message.may_stop_workers or message.received_at is None:
            return True
        age = (datetime.now(UTC) - message.received_at).total_seconds()
        return age >= self._hidden_seconds

    def note_returned(self, message: SqsMessage) -> None:
        """Remembers that this worker returned the message, unless it may have stopped a worker."""
        if self.may_have_stopped_a_worker(message):
            return
        with self._lock:
            self._returned[message.id] = message.attempts
            self._returned.move_to_end(message.id)
            if len(self._returned) > _MAX_REMEMBERED:
                self._returned.popitem(last=False)
