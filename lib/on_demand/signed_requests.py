"""Signed wishes: what somebody with a key wants of a photo, once its signature is checked."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lib.auth.signatures import is_well_formed, verify
from lib.auth.signing_keys import SigningKeyPair
from lib.auth.ttl_cache import TtlCache
from lib.errors import ProblemKind, RequestError
from lib.on_demand.options import ProcessingOptions, parse_options


@dataclass(frozen=True)
class SignedRequestVerifier:
    """What is signed with a stage's keys."""

    keys: TtlCache[SigningKeyPair]
    now: Callable[[], float] = time.time

    def verify(self, path: str, options: str, signature: str) -> ProcessingOptions:
        """The options, signed for this path ("" for a picture that the request brings along).

        RequestError where they are none, not signed, or no longer valid; TransientError where
        Secrets Manager cannot be asked now.
        """
        wanted = parse_options(options)
        self._check_signature(path, options, signature)
        if wanted.expires is not None and self.now() >= wanted.expires:
            raise RequestError(
                403, ProblemKind.EXPIRED, f"expires: {wanted.expires} has passed: ask for a new URL"
            )
        return wanted

    def _check_signature(self, path: str, options: str, signature: str) -> None:
        known = is_well_formed(signature) and self.keys.lookup(
            lambda kept: verify(kept, path, options, signature) or None
        )
        if not known:
            raise RequestError(
                403,
                ProblemKind.BAD_SIGNATURE,
                "this is not signed with a key of this stage, or was changed since",
            )
