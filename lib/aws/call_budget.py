"""Keeps AWS calls within the time of a batch.

No call starts without time for its slowest attempt, and the SDK does not retry without time for
another. Otherwise the message returns to its queue with the reason `no_time`.
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

# Seconds that a worker's clients wait for a connection, and for more of a response. S3 responds in
# tens of milliseconds: after 5 s of silence nothing will come, and SQS delivers the message again.
CONNECT_SECONDS, READ_SECONDS = 2, 5
# Seconds reserved at the end of a batch for changing its messages in SQS.
REPORT_SECONDS = 2
# The time that must be left for a call to start.
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS + REPORT_SECONDS
# The SDK's longest pause between its three attempts (standard mode).
_PAUSE_SECONDS = 2

SecondsLeft = Callable[[], float]


class CallBudget:
    """The time that each thread of a worker has for calls; unlimited by default."""

    def __init__(self, call_seconds: float = CALL_SECONDS) -> None:
        """`call_seconds` is the longest time of one attempt, with `REPORT_SECONDS`."""
        self._call_seconds = call_seconds
        self._thread = local()

    @contextmanager
    def limit(self, seconds_left: SecondsLeft) -> Iterator[None]:
        """Limits this thread's calls inside the block to the time that `seconds_left` returns."""
        self._thread.seconds_left = seconds_left
        try:
            yield
        finally:
            del self._thread.seconds_left

    @contextmanager
    def allow_late(self) -> Iterator[None]:
        """Lets this thread's calls inside the block start late; retries stay limited."""
        self._thread.may_be_late = True
        try:
            yield
        finally:
            del self._thread.may_be_late

    def bind(self, client: Any) -> None:
        """Applies the budget to a boto3 client's calls and retries."""
        client.meta.events.register_first("before-call", self._check)
        self.bind_retries(client)

    def bind_retries(self, client: Any) -> None:
        """Applies the budget to a boto3 client's retries only."""
        client.meta.events.register_first("needs-retry", self._stop_late_retry)

    def _check(self, **_: Any) -> None:
        if self._left() < self._call_seconds and not getattr(self._thread, "may_be_late", False):
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
        seconds_left: SecondsLeft = getattr(self._thread, "seconds_left", lambda: math.inf)
        return seconds_left()
