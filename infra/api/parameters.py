"""Stage parameters of the API, and the combinations that are refused."""

import json
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from infra.stage import StageParameters, Words

# S3's limit on a presigned POST.
_MAX_FORM_BYTES = 5 * 2**30
_PRODUCTION = "prod"
_LOCAL = "local"
# Both are names of HEIC.
_HEIC_TYPES = {"image/heic", "image/heif"}


class ApiParameters(StageParameters):
    """Parameters that decide who may upload what, how often, and from which sites."""

    auth: Literal["token", "iam", "jwt", "none"]
    jwt_issuer: str
    jwt_audience: Words
    # Allows auth: none on stage prod.
    force_open: bool
    upload_origins: Words = Field(min_length=1)
    upload_types: Words = Field(min_length=1)
    # Whether the zip carries HEIC's decoder.
    heic: bool
    max_upload_bytes: int = Field(ge=1, le=_MAX_FORM_BYTES)
    # API Gateway's own limit on an account is 10,000.
    requests_per_second: int = Field(ge=1, le=10_000)
    swagger: bool
    # Allows fetching from loopback addresses.
    fetch_loopback: bool
    # Whether POST /render exists.
    render: bool

    @property
    def upload_types_json(self) -> str:
        """Accepted content types, as JSON for the functions' environment."""
        return json.dumps(self._accepted_types)

    @property
    def _accepted_types(self) -> list[str]:
        return [each for each in self.upload_types if self.heic or each not in _HEIC_TYPES]

    def find_conflicts(self) -> Iterator[str]:
        """Yields what is wrong with these parameters together."""
        yield from super().find_conflicts()
        if not self._accepted_types:
            yield (
                f"upload_types: {', '.join(self.upload_types)}: none of them is read with "
                "heic: false: name another type, or say heic: true"
            )
        if self.auth == "jwt" and not (
            self.jwt_issuer.startswith("https://") and self.jwt_audience
        ):
            yield (
                "auth: jwt needs jwt_issuer, an https:// URL, and jwt_audience; got "
                f"{self.jwt_issuer!r} and {self.jwt_audience}"
            )
        if self.auth == "none" and self.stage == _PRODUCTION and not self.force_open:
            yield (
                f"auth: none on stage {self.stage}: everybody could upload and delete there: say "
                "token, iam or jwt, or force_open: true if that is what you want"
            )
        if self.fetch_loopback and self.stage != _LOCAL:
            yield (
                "fetch_loopback: true would let callers reach what listens beside the function: "
                f"only stage {_LOCAL} may say so, this is {self.stage}"
            )
