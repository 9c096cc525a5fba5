"""Repeats requests that the API or S3 throttles or fails to answer."""

import random
import time
from collections.abc import Callable
from itertools import count
from threading import Event

import requests

from lib.errors import FanoutError

TOO_MANY_REQUESTS = 429
# The request may succeed if it is repeated: throttled, busy, or failed on the way.
_RETRIED = {TOO_MANY_REQUESTS, 500, 502, 503, 504}
_NO_ANSWER = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
# Seconds before the first repetition, and at most; each next one waits twice as long.
_FIRST_DELAY, _MAX_DELAY = 0.25, 8.0
# A server may ask for more, up to this.
_MAX_RETRY_AFTER = 60.0
# Of one request that is not throttled: 20 s in all.
_MAX_ATTEMPTS = 8
# Seconds in which no request of any thread succeeds: a throttle lets some through.
_PATIENCE = 60.0


class StoppedError(FanoutError):
    """The command was interrupted while this thread worked."""


class Retries:
    """Sends requests from several threads until they succeed; `stop` ends all waits."""

    def __init__(
        self,
        stop: Event,
        *,
        clock: Callable[[], float] = time.monotonic,
        patience: float = _PATIENCE,
    ) -> None:
        self._stop, self._clock, self._patience = stop, clock, patience
        self._succeeded_at = clock()

    def send(self, request: Callable[[], requests.Response]) -> requests.Response:
        """Returns the first response that is no reason to repeat the request, or the last one.

        Raises the exception of requests if the last attempt had no response, and StoppedError.
        """
        started_at = self._clock()
        for attempt in count(1):
            try:
                response = request()
            except _NO_ANSWER:
                if attempt == _MAX_ATTEMPTS:
                    raise
                self._wait(_get_backoff(attempt))
                continue
            if response.status_code not in _RETRIED:
                self._succeeded_at = self._clock()
                return response
            if self._has_given_up(response, attempt, started_at):
                return response
            self._wait(_get_retry_after(response) + _get_backoff(attempt))
        raise AssertionError  # count() has no end

    def _has_given_up(self, response: requests.Response, attempt: int, started_at: float) -> bool:
        if response.status_code == TOO_MANY_REQUESTS:
            return self._clock() - max(self._succeeded_at, started_at) > self._patience
        return attempt == _MAX_ATTEMPTS

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise StoppedError


def _get_backoff(attempt: int) -> float:
    """Returns seconds to wait: random, so that threads do not come back at the same moment."""
    longest = min(_MAX_DELAY, _FIRST_DELAY * 2 ** (attempt - 1))
    return random.uniform(longest / 2, longest)  # noqa: S311  no secret


def _get_retry_after(response: requests.Response) -> float:
    seconds = response.headers.get("Retry-After", "")
    return min(_MAX_RETRY_AFTER, float(seconds)) if seconds.isdecimal() else 0.0
