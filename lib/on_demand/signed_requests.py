"""Verifies signed requests and returns their processing options."""

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
    """Verifies signatures by a stage's signing keys."""

    keys: TtlCache[SigningKeyPair]
    now: Callable[[], float] = time.time

    def verify(self, path: str, options: str, signature: str) -> ProcessingOptions:
        """Returns the options that were signed for this path ("" for the image in a body).

        Raises RequestError if they are malformed, unsigned or expired; TransientError if the keys
        cannot be read now.
        """
        parsed = parse_options(options)
        self._check_signature(path, options, signature)
        if parsed.expires is not None and self.now() >= parsed.expires:
            raise RequestError(
                403, ProblemKind.EXPIRED, f"expires: {parsed.expires} has passed: request a new URL"
            )
        return parsed

    def _check_signature(self, path: str, options: str, signature: str) -> None:
        valid = is_well_formed(signature) and self.keys.lookup(
            lambda pair: verify(pair, path, options, signature) or None
        )
        if not valid:
            raise RequestError(
                403,
                ProblemKind.BAD_SIGNATURE,
                "this is not signed with a key of this stage, or was changed since",
            )
