"""Bearer tokens: who may use one stage's upload API without being known to AWS.

All are kept in one secret, as SHA-256 hashes: who can read it cannot use them. A plain, fast hash
is enough. Slow ones protect passwords, which people choose and others can guess; nobody guesses
256 random bits, however fast he hashes, and every request pays for its check.

Any number are valid at once, so a token is replaced without a pause: make a new one, switch its
caller over, revoke the old one.
"""

import hmac
import re
import secrets as randomness
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from lib.auth.secret_document import parse_secret
from lib.auth.ttl_cache import TtlCache, utc_now
from lib.aws import secrets as edge
from lib.errors import ConfigError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_secretsmanager import SecretsManagerClient

# How long API Gateway keeps an answer, by the authorizer's own setting: a caller in a loop costs
# one look a minute. Together with `ttl_cache.TTL` it bounds how long a revoked token works.
GATEWAY = timedelta(seconds=60)
# A caller's name in full, and a list of tokens that fits on a screen.
MAX_NAME = 64
# 48 bits tell the few hundred tokens apart that fit in a secret, and can still be typed.
_ID_BYTES = 6
_RANDOM_BYTES = 32
_FORM = re.compile(r"fanout_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")


class Token(BaseModel):
    """What is known of a token; its text is not. Without `expires_at` it is valid until revoked."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern="^[0-9a-f]{12}$")
    name: str = Field(min_length=1, max_length=MAX_NAME)
    sha256: str = Field(pattern="^[0-9a-f]{64}$", repr=False)
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether its time is not over."""
        return self.expires_at is None or now < self.expires_at


class _Document(BaseModel):
    """What the secret holds, as JSON."""

    tokens: list[Token] = []


def is_well_formed(text: str) -> bool:
    """Whether this could be a token: fanout_, its id, its 256 random bits.

    The form is for people and for scanners that look for secrets in code: it tells what was
    found, and by the id which token to revoke.
    """
    return _FORM.fullmatch(text) is not None


def find_valid(presented: str, kept: Iterable[Token], now: datetime) -> Token | None:
    """The valid token with this text, or None.

    Compares with every hash, so that the time it takes tells nothing about any of them.
    """
    if not is_well_formed(presented):
        return None
    given = _hashed(presented)
    found = None
    for token in kept:
        found = token if hmac.compare_digest(given, token.sha256) else found
    return found if found is not None and found.is_valid(now) else None


Cached = TtlCache[list[Token]]


def authorize(presented: str, cached: Cached) -> Token | None:
    """The valid token with this text, None for a stranger.

    TransientError where the list cannot be read and the one at hand is too old.
    """
    if not is_well_formed(presented):
        return None  # without a look at the list
    now = cached.now()
    return cached.lookup(lambda tokens: find_valid(presented, tokens, now))


@dataclass(frozen=True)
class TokenStore:
    """The tokens of one stage; `secret` is the ARN of what they are kept in.

    All methods raise ConfigError where the credentials do not allow it or the secret holds
    something else, and TransientError where another try may do.
    """

    secrets: "SecretsManagerClient"
    secret: str

    def list_all(self) -> list[Token]:
        """All that were not revoked, the oldest first; expired ones too."""
        return self._parsed(edge.read(self.secrets, self.secret).text)

    def make_cache(self, logger: "Logger", now: Callable[[], datetime] = utc_now) -> Cached:
        """A container's copy of them: strangers send requests, and decide no cost."""
        otherwise = "nobody can be let in or sent away"
        return TtlCache(self.list_all, "tokens", otherwise, logger=logger, now=now)

    def create(self, name: str, *, lifetime: timedelta | None = None) -> tuple[str, Token]:
        """A new token: its text, which cannot be had again, and what is kept of it.

        ConfigError where the secret has no room for another, ConflictError where others keep
        changing it.
        """
        text, token = _made(name, lifetime)
        # One that is there already was written by a try that went unanswered.
        self._change(lambda kept: kept if token in kept else [*kept, token])
        return text, token

    def revoke(self, token_id: str) -> None:
        """Take a token away; one that is not there counts as revoked.

        ConflictError where others keep changing the tokens.
        """
        self._change(lambda kept: [token for token in kept if token.id != token_id])

    def _change(self, change: Callable[[list[Token]], list[Token]]) -> None:
        """Replace the list by what `change` makes of it, or start over where it is another now."""

        def changed(text: str) -> str | None:
            kept = self._parsed(text)
            wanted = change(kept)
            return None if wanted == kept else self._serialized(wanted)

        edge.change(self.secrets, self.secret, changed)

    def _parsed(self, text: str) -> list[Token]:
        return parse_secret(
            _Document,
            text,
            wrong=f"The secret {self.secret} holds no list of tokens",
            cure='bring its previous version back, or write {"tokens": []} and make new ones',
        ).tokens

    def _serialized(self, tokens: list[Token]) -> str:
        text = _Document(tokens=tokens).model_dump_json(exclude_none=True)
        length = len(text.encode())
        if length > edge.MAX_BYTES:
            raise ConfigError(
                f"The secret {self.secret} has no room for {len(tokens):,} tokens: they take "
                f"{length:,} bytes, the limit is {edge.MAX_BYTES:,}: revoke some that nobody uses"
            )
        return text


def _made(name: str, lifetime: timedelta | None) -> tuple[str, Token]:
    token_id = randomness.token_hex(_ID_BYTES)
    text = f"fanout_{token_id}_{randomness.token_urlsafe(_RANDOM_BYTES)}"
    now = datetime.now(UTC).replace(microsecond=0)
    return text, Token(
        id=token_id,
        name=name,
        sha256=_hashed(text),
        created_at=now,
        expires_at=None if lifetime is None else now + lifetime,
    )


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()
