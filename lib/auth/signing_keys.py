"""The keys that signed URLs are signed with: one that signs, and the one before it.

Both are valid, so that a key is replaced without a pause: URLs of the old one work until the next
rotation.
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
from lib.aws import secrets as edge
from lib.errors import ConflictError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_secretsmanager import SecretsManagerClient

# As the template has Secrets Manager make the first one: 381 bits, and no character that a shell
# or a settings file reads as anything else.
_LENGTH = 64
_LETTERS = string.ascii_letters + string.digits
# Whoever brings a key of his own: 190 bits of letters and digits, which nobody guesses.
_SHORTEST = 32


class SigningKeyPair(NamedTuple):
    """The key that signs now, and the one before it ("" for none), which is accepted as well."""

    current: str
    previous: str


class _Document(BaseModel):
    """What the secret holds, as JSON."""

    current: str = Field(min_length=_SHORTEST)
    previous: str = Field(pattern=rf"^(.{{{_SHORTEST},}})?$")


@dataclass(frozen=True)
class SigningKeys:
    """The keys of one stage; `secret` is the ARN of what they are kept in.

    `read` and `rotate` raise ConfigError where the credentials do not allow it or the secret holds
    something else, and TransientError where another try may do.
    """

    secrets: "SecretsManagerClient"
    secret: str

    def read(self) -> SigningKeyPair:
        """The keys as they are now."""
        return self._parsed(edge.read(self.secrets, self.secret).text)

    def cache(
        self, logger: "Logger", now: Callable[[], datetime] = utc_now
    ) -> TtlCache[SigningKeyPair]:
        """A container's copy of them: a new key signs at once, one taken away a minute longer."""
        otherwise = "no signature can be checked"
        return TtlCache(self.read, "signing keys", otherwise, logger=logger, now=now)

    def rotate(self, known: SigningKeyPair) -> None:
        """Make a new key the current one, and the current one the previous one.

        `known` is what was read before somebody decided so: ConflictError where the keys are
        others by now, since a second rotation ends all URLs that are in use.
        """
        new = SigningKeyPair(
            "".join(randomness.choice(_LETTERS) for _ in range(_LENGTH)), known.current
        )

        def changed(text: str) -> str | None:
            found = self._parsed(text)
            if found == new:
                return None  # it was written by a try that went unanswered
            if found != known:
                raise ConflictError(
                    f"somebody else rotated the keys in {self.secret} meanwhile: nothing was "
                    "changed. Rotate again if their key is not the one that you want"
                )
            return _Document(**new._asdict()).model_dump_json()

        edge.change(self.secrets, self.secret, changed)

    def _parsed(self, text: str) -> SigningKeyPair:
        document = parse_secret(
            _Document,
            text,
            wrong=f"The secret {self.secret} holds no signing keys",
            cure='bring its previous version back, or write {"current": "…", "previous": ""} '
            f"with a random text of at least {_SHORTEST} characters",
        )
        return SigningKeyPair(document.current, document.previous)
