"""The doorkeeper: lets bearer tokens in, by a list of them that it keeps for a short while.

Every request of the upload API may come by here, and strangers decide how many do. So Secrets
Manager is asked now and then, however many come, and where it fails the list at hand does.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lib.errors import FanoutError, TransientError
from lib.tokens import Token, Tokens, check, has_form

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# How long the list is taken as it is: with API Gateway's own minute it bounds how long a revoked
# token works, and costs a container 1,440 reads a day at most ($0.007).
FRESH = timedelta(seconds=60)
# An unknown token may be a new one, and has the list read again; but no oftener than this, since
# a stranger may send any number of unknown ones.
PAUSE = timedelta(seconds=5)
# How long the list is used while it cannot be read: longer than most troubles of a service, short
# enough for a token that was revoked because it leaked.
LONGEST = timedelta(minutes=10)
# How long API Gateway keeps an answer, by the authorizer's own setting: a caller in a loop costs
# one look a minute.
GATEWAY = timedelta(seconds=60)

_NEVER = datetime.min.replace(tzinfo=UTC)


def _now() -> datetime:
    """The time of day: a monotonic clock may stand still while a container is frozen."""
    return datetime.now(UTC)


class Doorkeeper:
    """Keeps the list of one stage's tokens between requests; for one request at a time."""

    def __init__(
        self, tokens: Tokens, logger: "Logger", now: Callable[[], datetime] = _now
    ) -> None:
        self._tokens = tokens
        self._logger = logger
        self._now = now
        self._kept: list[Token] = []
        self._read_at = self._asked_at = _NEVER

    def admit(self, presented: str) -> Token | None:
        """The token with this text, None for a stranger.

        TransientError where the list cannot be read and the one at hand is too old.
        """
        if not has_form(presented):
            return None
        now = self._now()
        if not _is_within(FRESH, self._read_at, now):
            self._read(now)
        known = check(presented, self._kept, now)
        if known is None:
            self._read(now)
            known = check(presented, self._kept, now)
        return known

    def _read(self, now: datetime) -> None:
        """Read the list again, unless that was tried a moment ago."""
        if not _is_within(PAUSE, self._asked_at, now):
            self._asked_at = now
            try:
                self._kept = self._tokens.kept()
                self._read_at = now
            except FanoutError as error:
                self._logger.warning("tokens not read", kind=type(error).__name__, error=str(error))
        if not _is_within(LONGEST, self._read_at, now):
            raise TransientError(
                "tokens_not_read",
                f"no list of tokens was read for {LONGEST}: nobody can be let in or sent away. "
                "The log says why",
            )


def _is_within(span: timedelta, since: datetime, now: datetime) -> bool:
    """Whether less than that has passed; not where the clock was set back."""
    return timedelta(0) <= now - since < span
