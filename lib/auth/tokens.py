"""Bearer tokens: they admit callers without AWS credentials to one stage's upload API.

One secret holds all tokens, as SHA-256 hashes: its readers cannot use the tokens. A fast hash is
enough: slow hashes protect passwords, which can be guessed; 256 random bits cannot, and every
request pays for the hash.

Any number of tokens is valid at once, so that a token can be replaced without a pause: create a
new one, switch its caller over, revoke the old one.
"""

import hmac
import json
import re
import secrets as randomness
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from lib.auth.secret_document import parse_secret
from lib.auth.ttl_cache import TtlCache, utc_now
from lib.aws import secrets as secret_store
from lib.aws.clients import SecretsManagerClient
from lib.errors import ConfigError
from lib.times import Timestamp

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# How long API Gateway caches the authorizer's result: a caller in a loop costs one check a minute.
# Together with `ttl_cache.TTL`, this bounds how long a revoked token works.
GATEWAY_TTL = timedelta(seconds=60)
# A caller's full name fits, and so does a list of tokens on a screen.
MAX_NAME = 64
# 48 bits distinguish the few hundred tokens that fit in a secret, and can still be typed.
_ID_BYTES = 6
_RANDOM_BYTES = 32
_TOKEN = re.compile(r"fanout_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """Permissions of a token: upload, read and delete photos; or handle dead letters too."""

    UPLOAD = "upload"
    OPERATE = "operate"


# The scope of a JWT (auth: jwt) that permits the same as OPERATE. Those of Cognito's resource
# servers have this form.
JWT_SCOPE = "fanout/operate"


class Token(BaseModel, frozen=True):
    """A token's stored fields, without its text; valid until revoked if `expires_at` is None."""

    id: str = Field(pattern="^[0-9a-f]{12}$")
    name: str = Field(min_length=1, max_length=MAX_NAME)
    sha256: str = Field(pattern="^[0-9a-f]{64}$", repr=False)
    created_at: Timestamp
    expires_at: Timestamp | None = None
    # Tokens made before there were scopes have the least.
    scope: Scope = Scope.UPLOAD

    def is_valid(self, now: datetime) -> bool:
        """Returns whether the token has not expired."""
        return self.expires_at is None or now < self.expires_at


class _Document(BaseModel):
    tokens: list[Token] = []


def is_well_formed(text: str) -> bool:
    """Returns whether the text has a token's form: `fanout_`, its id, 256 random bits.

    Scanners for secrets in code can recognise the form, and the id names the token to revoke.
    """
    return _TOKEN.fullmatch(text) is not None


def find_valid(presented: str, tokens: Iterable[Token], now: datetime) -> Token | None:
    """Returns the valid token with this text, or None.

    Compares with every hash, so that the duration reveals nothing about any hash.
    """
    if not is_well_formed(presented):
        return None
    given = _hash(presented)
    match = None
    for token in tokens:
        match = token if hmac.compare_digest(given, token.sha256) else match
    return match if match is not None and match.is_valid(now) else None


TokenCache = TtlCache[list[Token]]


def authorize(presented: str, cache: TokenCache) -> Token | None:
    """Returns the valid token with this text, or None.

    Raises TransientError if the tokens cannot be read and the cached ones are too old.
    """
    if not is_well_formed(presented):
        return None  # without a read
    now = cache.now()
    return cache.lookup(lambda tokens: find_valid(presented, tokens, now))


@dataclass(frozen=True)
class TokenStore:
    """The tokens of one stage; `secret` is the ARN of their secret.

    All methods raise ConfigError if access is denied or the secret's text is no list of tokens,
    and TransientError if a retry may succeed.
    """

    secrets: SecretsManagerClient
    secret: str

    def list_all(self) -> list[Token]:
        """Returns all tokens that are not revoked, expired ones too, oldest first."""
        return self._parse(secret_store.read(self.secrets, self.secret).text)

    def make_cache(self, logger: "Logger", now: Callable[[], datetime] = utc_now) -> TokenCache:
        """Builds a container's cache of the tokens."""
        effect = "no token can be checked"
        return TtlCache(self.list_all, "tokens", effect, logger=logger, now=now)

    def create(
        self, name: str, *, lifetime: timedelta | None = None, scope: Scope = Scope.UPLOAD
    ) -> tuple[str, Token]:
        """Creates a token; returns its text, which is not stored, and its stored fields.

        Raises ConfigError if the secret has no room for another token, and ConflictError if other
        writers keep changing it.
        """
        text, token = _make_token(name, lifetime, scope)
        # The token is stored already if an earlier, unanswered write took effect.
        self._change(lambda tokens: tokens if token in tokens else [*tokens, token])
        return text, token

    def revoke(self, token_id: str) -> None:
        """Deletes a token; an absent one counts as revoked.

        Raises ConflictError if other writers keep changing the tokens.
        """
        self._change(lambda tokens: [token for token in tokens if token.id != token_id])

    def _change(self, edit: Callable[[list[Token]], list[Token]]) -> None:
        def replace_tokens(text: str) -> str | None:
            before = self._parse(text)
            after = edit(before)
            return None if after == before else self._serialize(after)

        secret_store.change(self.secrets, self.secret, replace_tokens)

    def _parse(self, text: str) -> list[Token]:
        return parse_secret(
            _Document,
            text,
            problem=f"The secret {self.secret} holds no list of tokens",
            remedy='restore its previous version, or write {"tokens": []} and create new ones',
        ).tokens

    def _serialize(self, tokens: list[Token]) -> str:
        # Without defaults, more tokens fit.
        entries = [token.model_dump(mode="json", exclude_defaults=True) for token in tokens]
        text = json.dumps({"tokens": entries}, separators=(",", ":"), ensure_ascii=False)
        length = len(text.encode())
        if length > secret_store.MAX_BYTES:
            raise ConfigError(
                f"The secret {self.secret} has no room for {len(tokens):,} tokens: they take "
                f"{length:,} bytes, the limit is {secret_store.MAX_BYTES:,}: revoke some that "
                "nobody uses"
            )
        return text


def _make_token(name: str, lifetime: timedelta | None, scope: Scope) -> tuple[str, Token]:
    token_id = randomness.token_hex(_ID_BYTES)
    text = f"fanout_{token_id}_{randomness.token_urlsafe(_RANDOM_BYTES)}"
    now = datetime.now(UTC).replace(microsecond=0)
    return text, Token(
        id=token_id,
        name=name,
        sha256=_hash(text),
        created_at=now,
        expires_at=None if lifetime is None else now + lifetime,
        scope=scope,
    )


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
