"""The two keys of signed URLs: the current one signs, and the previous one is still valid.

So a rotation breaks no URL: URLs of the previous key work until the next rotation.
"""

import secrets as randomness
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, Field

from lib.auth.secret_document import parse_secret
from lib.auth.ttl_cache import TtlCache, utc_now
from lib.aws import secrets as secret_store
from lib.aws.clients import SecretsManagerClient
from lib.errors import ConflictError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# As the template has Secrets Manager generate the first key: 381 bits, and no character that a
# shell or a settings file interprets.
_KEY_LENGTH = 64
_ALPHABET = string.ascii_letters + string.digits
# The minimum for an operator's own key: 190 bits of letters and digits, which nobody can guess.
_MIN_KEY_LENGTH = 32


class SigningKeyPair(NamedTuple):
    """The key that signs, and the previous one, which is still valid ("" for none)."""

    current: str
    previous: str


class _Document(BaseModel):
    current: str = Field(min_length=_MIN_KEY_LENGTH)
    previous: str = Field(pattern=rf"^(.{{{_MIN_KEY_LENGTH},}})?$")


@dataclass(frozen=True)
class SigningKeys:
    """The signing keys of one stage; `secret` is the ARN of their secret.

    `read` and `rotate` raise ConfigError if access is denied or the secret's text is no signing
    keys, and TransientError if a retry may succeed.
    """

    secrets: SecretsManagerClient
    secret: str

    def read(self) -> SigningKeyPair:
        """Returns the current keys."""
        return self._parse(secret_store.read(self.secrets, self.secret).text)

    def cache(
        self, logger: "Logger", now: Callable[[], datetime] = utc_now
    ) -> TtlCache[SigningKeyPair]:
        """Builds a container's cache of the keys.

        A new key is valid at once, a removed one for up to another TTL.
        """
        effect = "no signature can be checked"
        return TtlCache(self.read, "signing keys", effect, logger=logger, now=now)

    def rotate(self, expected: SigningKeyPair) -> None:
        """Makes a new key current, and the current key previous.

        Raises ConflictError if the keys are no longer `expected`: a second rotation would break
        every URL in use.
        """
        new = SigningKeyPair(
            "".join(randomness.choice(_ALPHABET) for _ in range(_KEY_LENGTH)), expected.current
        )

        def replace_keys(text: str) -> str | None:
            stored = self._parse(text)
            if stored == new:
                return None  # an earlier, unanswered write took effect
            if stored != expected:
                raise ConflictError(
                    f"somebody else rotated the keys in {self.secret} meanwhile: nothing was "
                    "changed. Rotate again if their key is not the one that you want"
                )
            return _Document(**new._asdict()).model_dump_json()

        secret_store.change(self.secrets, self.secret, replace_keys)

    def _parse(self, text: str) -> SigningKeyPair:
        document = parse_secret(
            _Document,
            text,
            problem=f"The secret {self.secret} holds no signing keys",
            remedy='restore its previous version, or write {"current": "…", "previous": ""} '
            f"with a random text of at least {_MIN_KEY_LENGTH} characters",
        )
        return SigningKeyPair(document.current, document.previous)
