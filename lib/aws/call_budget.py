"""Keeps AWS's clients within the time of a batch.

A call is not begun without time for one try of it at its worst, and the SDK does not repeat one
without time for another. What is refused here returns to its queue as `no_time`.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from lib.errors import NoTimeError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel

# Seconds that a worker's clients wait for a connection, and for more of an answer. S3 answers in
# tens of milliseconds: what is silent for 5 s will not come back, and SQS retries patiently.
CONNECT_SECONDS, READ_SECONDS = 2, 5
# Seconds of a batch's time that are kept for telling SQS what has become of its messages.
REPORT_SECONDS = 2
# Without so many seconds left no call is begun.
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS + REPORT_SECONDS
# The SDK pauses for at most so many seconds between three tries (its standard mode).
_PAUSE_SECONDS = 2

SecondsLeft = Callable[[], float]


class CallBudget:
    """The time that each thread of a worker has for calls; without end where nobody has set it."""

    def __init__(self, call_seconds: float = CALL_SECONDS) -> None:
        """`call_seconds` are what one try of a call takes at most, and a report of it."""
        self._call_seconds = call_seconds
        self._of_thread = local()

    @contextmanager
    def limit(self, seconds_left: SecondsLeft) -> Iterator[None]:
        """Calls of this thread inside the block end while `seconds_left` gives more than 0."""
        self._of_thread.seconds_left = seconds_left
        try:
            yield
        finally:
            del self._of_thread.seconds_left

    @contextmanager
    def allow_late(self) -> Iterator[None]:
        """Calls of this thread inside the block are begun however late; none is repeated late."""
        self._of_thread.is_late = True
        try:
            yield
        finally:
            del self._of_thread.is_late

    def bind(self, client: Any) -> None:
        """Have one of boto3's clients begin no call too late, nor repeat one."""
        client.meta.events.register_first("before-call", self._check)
        self.bind_retries(client)

    def bind_retries(self, client: Any) -> None:
        """Have one of boto3's clients repeat no call too late."""
        client.meta.events.register_first("needs-retry", self._stop_late_retry)

    def _check(self, **_: Any) -> None:
        if self._left() < self._call_seconds and not getattr(self._of_thread, "is_late", False):
            raise NoTimeError

    def _stop_late_retry(
        self,
        operation: "OperationModel",
        response: "tuple[AWSResponse, dict[str, Any]] | None",
        caught_exception: Exception | None,
        **_: Any,
    ) -> None:
        if self._left() >= self._call_seconds + _PAUSE_SECONDS:
            return
        if caught_exception is not None:
            raise caught_exception
        if response is not None and "Error" in response[1]:
            raise ClientError(cast("Any", response[1]), operation.name)

    def _left(self) -> float:
        seconds_left: SecondsLeft = getattr(self._of_thread, "seconds_left", lambda: math.inf)
        return seconds_left()
