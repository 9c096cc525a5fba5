"""A TTL cache for values read from other services; bounds how often callers can cause a read.

If a read fails, the cache serves its last value for a while.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from lib.errors import FanoutError, TransientError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

T = TypeVar("T")
R = TypeVar("R")

# How long a value is fresh: bounds how long a revoked token or key works, and costs a container at
# most 1,440 reads a day ($0.007).
TTL = timedelta(seconds=60)
# An entry that the cached value lacks may be new, and causes a read; but at most one in this time,
# since a stranger can request any number of absent entries.
MIN_REFRESH = timedelta(seconds=5)
# How long a value is used while reads fail: longer than most outages of a service, short enough for
# a key or token that was revoked because it leaked.
STALE_IF_ERROR = timedelta(minutes=10)

_NEVER = datetime.min.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Returns the time; a monotonic clock may stand still while a container is frozen."""
    return datetime.now(UTC)


class _CachedValue(NamedTuple, Generic[T]):
    value: T
    read_at: datetime


class TtlCache(Generic[T]):
    """A cache of the value that `read` returns. Threads share one read: the others wait for it.

    `name` is the value's name in the log, as in "tokens not read". `effect` is what the error says
    cannot be done without the value.
    """

    def __init__(
        self,
        read: Callable[[], T],
        name: str,
        effect: str,
        logger: "Logger",
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._read = read
        self._name = name
        self._effect = effect
        self._logger = logger
        self.now = now
        self._cached: _CachedValue[T] | None = None
        self._last_read_attempt = _NEVER
        self._lock = Lock()

    def lookup(self, find: Callable[[T], R | None]) -> R | None:
        """Returns what `find` returns for the cached value, or for a newly read one if None.

        Raises TransientError if the read fails and the cached value is too old.
        """
        with self._lock:
            now = self.now()
            entry = find(self._get(now))
            return find(self._refresh(now)) if entry is None else entry

    def _get(self, now: datetime) -> T:
        if self._cached is not None and _is_within(TTL, self._cached.read_at, now):
            return self._cached.value
        return self._refresh(now)

    def _refresh(self, now: datetime) -> T:
        if not _is_within(MIN_REFRESH, self._last_read_attempt, now):
            self._last_read_attempt = now
            try:
                self._cached = _CachedValue(self._read(), now)
            except FanoutError as error:
                self._logger.warning(
                    f"{self._name} not read", kind=type(error).__name__, error=str(error)
                )
        if self._cached is None or not _is_within(STALE_IF_ERROR, self._cached.read_at, now):
            raise TransientError(
                f"{self._name.replace(' ', '_')}_not_read",
                f"no list of {self._name} was read for {STALE_IF_ERROR}: {self._effect}. "
                "The log says why",
            )
        return self._cached.value


def _is_within(span: timedelta, since: datetime, now: datetime) -> bool:
    # Negative after the clock was set back, which makes no value fresh.
    return timedelta(0) <= now - since < span
