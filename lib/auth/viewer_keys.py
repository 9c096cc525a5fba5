"""The key pairs with which variants of a private stage are shown: CloudFront has the public halves.

At most two exist, newest first, so that a rotation breaks no URL. A new key is in the secret first,
then a deploy puts it into CloudFront's key group, and only then it signs. So no URL is signed with
a key that CloudFront does not know, wherever a rotation stops:

- rotated, not deployed: the older key signs, and is in the group.
- a deploy failed or was rolled back: the same, since only a finished deploy lets a key sign.
- deployed an old template: signers use the newest key that both the secret and the group have.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from lib.auth.secret_document import parse_secret
from lib.auth.ttl_cache import TtlCache, utc_now
from lib.aws import secrets as secret_store
from lib.aws.clients import SecretsManagerClient
from lib.errors import ConfigError, ConflictError
from lib.times import Timestamp

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# Since a deploy finished. CloudFront usually has a changed key group everywhere within minutes.
PROPAGATION = timedelta(minutes=10)
_MAX_KEYS = 2
# Key of a template's metadata with the name of the secret, which the template itself lacks.
TEMPLATE_METADATA = "ViewerKeys"


class ViewerKey(BaseModel, frozen=True):
    """A key pair: PEM texts, an id made of the public one, and the time from which it signs.

    Without a time, the key is not yet in CloudFront's key group.
    """

    id: str = Field(pattern="^[0-9a-f]{16}$")
    private: str = Field(min_length=1, repr=False)
    public: str = Field(min_length=1)
    signs_from: Timestamp | None = None

    def signs(self, now: datetime) -> bool:
        """Returns whether URLs are signed with the key, if it is the newest that is."""
        return self.signs_from is not None and self.signs_from <= now


class _Document(BaseModel):
    keys: list[ViewerKey] = Field(min_length=1, max_length=_MAX_KEYS)


ViewerKeys = list[ViewerKey]


def find_signing_key(
    keys: Iterable[ViewerKey], cloudfront_ids: Mapping[str, str], now: datetime
) -> ViewerKey | None:
    """Returns the newest key that signs and that CloudFront's key group has."""
    return next((key for key in keys if key.signs(now) and key.id in cloudfront_ids), None)


def serialize(keys: ViewerKeys) -> str:
    """Returns the text of the secret with these keys."""
    return _Document(keys=keys).model_dump_json()


@dataclass(frozen=True)
class ViewerKeyStore:
    """The viewer keys of one stage; `secret` is the name or ARN of their secret.

    All methods raise ConfigError if access is denied or the secret's text is no viewer keys, and
    TransientError if a retry may succeed.
    """

    secrets: SecretsManagerClient
    secret: str

    def read(self) -> ViewerKeys:
        """Returns the keys, newest first."""
        return self._parse(secret_store.read(self.secrets, self.secret).text)

    def cache(
        self, logger: "Logger", now: Callable[[], datetime] = utc_now
    ) -> TtlCache[ViewerKeys]:
        """Builds a container's cache of the keys."""
        return TtlCache(self.read, "viewer keys", "no URL can be signed", logger=logger, now=now)

    def rotate(self, expected: ViewerKeys, new: ViewerKey, now: datetime) -> None:
        """Adds a key, which the next deploy puts into the key group; drops the key before last.

        Raises ConfigError while the last rotation is not finished, since that would drop the key
        that signs; ConflictError if the keys are no longer `expected`.
        """
        newest = expected[0]
        if newest.signs_from is None:
            raise ConfigError(
                f"the key of the last rotation, {newest.id}, is not in CloudFront's key group yet: "
                "deploy the stage first. Nothing was changed"
            )
        if not newest.signs(now):
            raise ConfigError(
                f"the key of the last rotation, {newest.id}, signs from {newest.signs_from:%H:%M} "
                "UTC, once CloudFront has it everywhere: rotate after that. Nothing was changed"
            )

        def replace_keys(text: str) -> str | None:
            stored = self._parse(text)
            if stored[0] == new:
                return None  # an earlier, unanswered write took effect
            if stored != expected:
                raise ConflictError(
                    f"somebody else changed the keys in {self.secret} meanwhile: nothing was "
                    "changed. Look whether another rotation is still needed"
                )
            return serialize([new, newest])

        secret_store.change(self.secrets, self.secret, replace_keys)

    def activate(self, deployed: Iterable[str], signs_from: datetime) -> bool:
        """Lets the deployed keys sign from a time on; returns whether a key was waiting for it."""
        ids, waited = set(deployed), False

        def replace_keys(text: str) -> str | None:
            nonlocal waited
            stored = self._parse(text)
            changed = [
                key.model_copy(update={"signs_from": signs_from})
                if key.signs_from is None and key.id in ids
                else key
                for key in stored
            ]
            waited = changed != stored
            return serialize(changed) if waited else None

        secret_store.change(self.secrets, self.secret, replace_keys)
        return waited

    def _parse(self, text: str) -> ViewerKeys:
        return parse_secret(
            _Document,
            text,
            problem=f"The secret {self.secret} holds no viewer keys",
            remedy="restore its previous version",
        ).keys
