"""The doorkeeper: lets bearer tokens in, by a list of them that it keeps for a short while.

Every request of the upload API may come by here, and strangers decide how many do: `lib.kept` has
Secrets Manager asked now and then, however many come.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lib.kept import Kept, time_of_day
from lib.tokens import Token, Tokens, check, has_form

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# How long API Gateway keeps an answer, by the authorizer's own setting: a caller in a loop costs
# one look a minute. Together with `lib.kept.FRESH` it bounds how long a revoked token works.
GATEWAY = timedelta(seconds=60)


class Doorkeeper:
    """Keeps the list of one stage's tokens between requests; for one request at a time."""

    def __init__(
        self, tokens: Tokens, logger: "Logger", now: Callable[[], datetime] = time_of_day
    ) -> None:
        self._now = now
        self._kept = Kept(
            tokens.kept, "tokens", "nobody can be let in or sent away", logger=logger, now=now
        )

    def admit(self, presented: str) -> Token | None:
        """The token with this text, None for a stranger.

        TransientError where the list cannot be read and the one at hand is too old.
        """
        if not has_form(presented):
            return None
        now = self._now()
        return self._kept.find(lambda tokens: check(presented, tokens, now))
