"""Signed wishes: what somebody with a key wants of a photo, once its signature is checked."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lib.errors import ProblemKind, RequestError
from lib.kept import Kept
from lib.on_demand.options import Options, read_options
from lib.on_demand.signatures import has_form, is_signed
from lib.on_demand.signing_keys import Keys


@dataclass(frozen=True)
class SignedWishes:
    """What is signed with a stage's keys."""

    keys: Kept[Keys]
    now: Callable[[], float] = time.time

    def read(self, path: str, options: str, signature: str) -> Options:
        """The options, signed for this path ("" for a picture that the request brings along).

        RequestError where they are none, not signed, or no longer valid; TransientError where
        Secrets Manager cannot be asked now.
        """
        wanted = read_options(options)
        self._check_signature(path, options, signature)
        if wanted.expires is not None and self.now() >= wanted.expires:
            raise RequestError(
                403, ProblemKind.EXPIRED, f"expires: {wanted.expires} has passed: ask for a new URL"
            )
        return wanted

    def _check_signature(self, path: str, options: str, signature: str) -> None:
        known = has_form(signature) and self.keys.find(
            lambda kept: is_signed(kept, path, options, signature) or None
        )
        if not known:
            raise RequestError(
                403,
                ProblemKind.BAD_SIGNATURE,
                "this is not signed with a key of this stage, or was changed since",
            )
