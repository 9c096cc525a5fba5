"""Signs URLs and cookies for CloudFront, and makes the key pairs.

Imported only on stages with `viewers: signed`: the zips of others lack `cryptography`.

ECDSA keys: CloudFront takes RSA too, but an RSA signature takes eight times as long and makes a URL
250 characters longer, and a response may have a thousand URLs. SHA-1 is what CloudFront assumes and
all signing libraries use. To forge a URL takes a second preimage, which SHA-1 withstands: what is
signed is a URL of the stage's own and a time.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from lib.auth.ttl_cache import TtlCache, utc_now
from lib.auth.viewer_keys import ViewerKey, ViewerKeys, find_signing_key
from lib.errors import ConfigError
from lib.keys import url_path

# Hexadecimal digits of a key's id: 64 bits never coincide among the few keys of a stage.
_ID_DIGITS = 16


class FolderCookies(NamedTuple):
    """Cookies, by name, that a browser sends for URLs below `path`."""

    path: str
    cookies: dict[str, str]


def make_key_pair(signs_from: datetime | None = None) -> ViewerKey:
    """Makes a key pair."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return ViewerKey(
        id=sha256(der).hexdigest()[:_ID_DIGITS],
        private=private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        public=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        signs_from=signs_from,
    )


@dataclass(frozen=True)
class ViewerSigner:
    """Signs with the newest key of a stage that CloudFront has.

    `cloudfront_ids` has CloudFront's id of each key in its key group, by our id.
    """

    find_keys: Callable[[], ViewerKeys]
    cloudfront_ids: Mapping[str, str]
    now: Callable[[], datetime] = utc_now

    @classmethod
    def cached(
        cls, cache: TtlCache[ViewerKeys], cloudfront_ids: Mapping[str, str]
    ) -> "ViewerSigner":
        """Builds the signer of a container, whose keys are read once a minute."""
        return cls(lambda: cache.lookup(lambda keys: keys) or [], cloudfront_ids, cache.now)

    def sign_url(self, url: str, expires_at: datetime) -> str:
        """Returns the URL with a signature that CloudFront accepts until then."""
        return self.make_url_signer(expires_at)(url)

    def make_url_signer(self, expires_at: datetime) -> Callable[[str], str]:
        """Returns what signs URLs; raises ConfigError if the stage has no key to sign with.

        CloudFront compares URLs as they are sent, and some clients decode `%7E`, as RFC 3986 has
        it. No client encodes `~`, and both are one image (viewer-request.js).
        """
        sign = self._signer().generate_presigned_url
        return lambda url: sign(url.replace("%7E", "~"), date_less_than=expires_at)

    def sign_folders(
        self, base_url: str, folders: Iterable[str], expires_at: datetime
    ) -> list[FolderCookies]:
        """Returns the cookies for all URLs below each folder; "" is the whole stage."""
        signer = self._signer()
        return [_sign_folder(signer, base_url, folder, expires_at) for folder in folders]

    def _signer(self) -> CloudFrontSigner:
        key = find_signing_key(self.find_keys(), self.cloudfront_ids, self.now())
        if key is None:
            raise ConfigError(
                "no viewer key of the stage signs now: CloudFront's key group has "
                f"{', '.join(self.cloudfront_ids) or 'none'}, and the secret has no other that is "
                "in use: deploy the stage again"
            )
        private = load_pem_private_key(key.private.encode(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ConfigError(f"the viewer key {key.id} is no ECDSA key: restore the secret")
        algorithm = ec.ECDSA(hashes.SHA1())  # noqa: S303  CloudFront's; see the module's text
        return CloudFrontSigner(
            self.cloudfront_ids[key.id], lambda message: private.sign(message, algorithm)
        )


def _sign_folder(
    signer: CloudFrontSigner, base_url: str, folder: str, expires_at: datetime
) -> FolderCookies:
    # Of a policy's characters only * and ? are wildcards: an encoded folder has neither.
    path = f"/{url_path(folder)}"
    policy = signer.build_policy(f"{base_url}{path}*", expires_at)
    signed = signer.generate_presigned_url("", policy=policy)
    parameters = dict(each.split("=", 1) for each in signed.removeprefix("?").split("&"))
    return FolderCookies(path, {f"CloudFront-{name}": text for name, text in parameters.items()})
