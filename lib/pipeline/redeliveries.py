"""Why a message was received before: a worker gave it back, or was stopped while it had it.

SQS counts receives and says nothing of their ends, and a worker that was stopped left no word. But
what it had stays hidden for the queue's whole visibility timeout, which a message that is given
back never waits out. So one that comes again sooner has stopped nobody; nor has one that this very
worker gave back the last time, since it is still here. No note has to be written for that, least
of all while S3 is slow, which is when most messages are given back.
"""

from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock

from lib.pipeline.messages import SqsMessage

# Seconds by which SQS's clock and ours may differ.
_CLOCKS = 5
# Messages remembered by a worker: those of 100 batches. One that is forgotten may wait its turn.
_MOST = 1000


class Redeliveries:
    """Tells messages that may have stopped a worker from those that were given back."""

    def __init__(self, visibility_seconds: float) -> None:
        self._hidden_seconds = visibility_seconds - _CLOCKS
        self._given_back = OrderedDict[str, int]()
        self._changing = Lock()

    def may_have_stopped_a_worker(self, message: SqsMessage) -> bool:
        """Whether a message may be the reason why a worker ended before its time."""
        if message.attempts == 1:
            return message.may_stop_workers
        if self._given_back.get(message.id) == message.attempts - 1:
            return False
        if message.may_stop_workers or message.received_at is None:
            return True
        known_for = (datetime.now(UTC) - message.received_at).total_seconds()
        return known_for >= self._hidden_seconds

    def note_returned(self, message: SqsMessage) -> None:
        """Remember that this worker gave a message back, unless it was suspected before."""
        if self.may_have_stopped_a_worker(message):
            return
        with self._changing:
            self._given_back[message.id] = message.attempts
            self._given_back.move_to_end(message.id)
            if len(self._given_back) > _MOST:
                self._given_back.popitem(last=False)
