"""What a container keeps of something read elsewhere, so that strangers do not decide how often.

Any request may need it, and anybody sends requests. So it is read now and then, however many
come, and where it cannot be read the copy at hand does for a while.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from lib.errors import FanoutError, TransientError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

T = TypeVar("T")
R = TypeVar("R")

# How long a copy is taken as it is: it bounds how long what was taken away goes on working, and
# costs a container 1,440 reads a day at most ($0.007).
TTL = timedelta(seconds=60)
# What is not found in a copy may be new, and has it read again; but no oftener than this, since a
# stranger may ask for any number of things that are not there.
MIN_REFRESH = timedelta(seconds=5)
# How long a copy is used while it cannot be read: longer than most troubles of a service, short
# enough for what was taken away because it leaked.
STALE_IF_ERROR = timedelta(minutes=10)

_NEVER = datetime.min.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Now: a monotonic clock may stand still while a container is frozen."""
    return datetime.now(UTC)


class _Copy(NamedTuple, Generic[T]):
    value: T
    read_at: datetime


class TtlCache(Generic[T]):
    """A copy of what `read` gives; for one request at a time.

    `name` is what it is called in the log, as in "tokens not read". `otherwise` says what cannot
    be done without it.
    """

    def __init__(
        self,
        read: Callable[[], T],
        name: str,
        otherwise: str,
        logger: "Logger",
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._read = read
        self._name = name
        self._otherwise = otherwise
        self._logger = logger
        self.now = now
        self._copy: _Copy[T] | None = None
        self._asked_at = _NEVER

    def lookup(self, look: Callable[[T], R | None]) -> R | None:
        """What `look` finds in the copy, or in a newer one; None where it is in neither.

        TransientError where it cannot be read and the copy at hand is too old.
        """
        now = self.now()
        found = look(self._at_hand(now))
        return look(self._newer(now)) if found is None else found

    def _at_hand(self, now: datetime) -> T:
        if self._copy is not None and _is_within(TTL, self._copy.read_at, now):
            return self._copy.value
        return self._newer(now)

    def _newer(self, now: datetime) -> T:
        """Read it again, unless that was tried a moment ago."""
        if not _is_within(MIN_REFRESH, self._asked_at, now):
            self._asked_at = now
            try:
                self._copy = _Copy(self._read(), now)
            except FanoutError as error:
                self._logger.warning(
                    f"{self._name} not read", kind=type(error).__name__, error=str(error)
                )
        if self._copy is None or not _is_within(STALE_IF_ERROR, self._copy.read_at, now):
            raise TransientError(
                f"{self._name.replace(' ', '_')}_not_read",
                f"no list of {self._name} was read for {STALE_IF_ERROR}: {self._otherwise}. "
                "The log says why",
            )
        return self._copy.value


def _is_within(span: timedelta, since: datetime, now: datetime) -> bool:
    """Whether less than that has passed; not where the clock was set back."""
    return timedelta(0) <= now - since < span
