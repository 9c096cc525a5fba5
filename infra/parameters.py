"""The stage's parameters that something is generated from, checked before anything is built."""

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from infra.numbers import MAX_DELAY
from lib.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Bucket names end at 63 characters: image-fanout-<stage>-originals-<account>-<region> leaves 12.
_STAGE = re.compile(r"^[a-z][a-z0-9-]{0,11}$")


def _words(value: object) -> object:
    """A list as it stands in serverless.yml, or with commas as --param has it."""
    return [each for each in value.split(",") if each] if isinstance(value, str) else value


Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Words = Annotated[list[Word], BeforeValidator(_words), Field(min_length=1)]
# S3's own limit on what one form can post.
_MAX_FORM_BYTES = 5 * 2**30
_PRODUCTION = "prod"
_LOCAL = "local"


class Parameters(BaseModel):
    """What serverless.yml hands over."""

    model_config = ConfigDict(extra="forbid")

    service: str
    stage: str
    sizes_file: str
    # Ten photos in less than 10 s are not to be had.
    timeout: int = Field(ge=10)
    # AWS's own bounds on an event source mapping's maximum concurrency.
    max_concurrency: int = Field(ge=2, le=1000)
    landing: int = Field(ge=1)
    # Whether CloudFront is told of variants that change.
    purge: bool
    # Text, or one of CloudFormation's functions.
    images_url: str | dict[str, Any]
    api_url: str | dict[str, Any]
    auth: Literal["token", "iam", "jwt", "none"]
    jwt_issuer: str
    jwt_audience: Annotated[list[Word], BeforeValidator(_words)]
    # Lets everybody upload on the stage that customers see.
    force_open: bool
    upload_origins: Words
    upload_types: Words
    max_upload_bytes: int = Field(ge=1, le=_MAX_FORM_BYTES)
    # API Gateway's own limit on an account is 10,000.
    requests_per_second: int = Field(ge=1, le=10_000)
    swagger: bool
    # Lets photos be fetched from this very machine.
    fetch_loopback: bool

    @property
    def prefix(self) -> str:
        """What the names of everything in the stack begin with."""
        return f"{self.service}-{self.stage}"

    @property
    def upload_types_json(self) -> str:
        """The types that are taken, as functions have them in their environment."""
        return json.dumps(self.upload_types)

    @model_validator(mode="after")
    def _purge_outlasts_its_writer(self) -> Self:
        if self.timeout + self.landing > MAX_DELAY:
            raise ValueError(
                f"timeout and landing: {self.timeout} and {self.landing} seconds are together "
                f"more than {MAX_DELAY}, which is how long SQS can delay a purge"
            )
        return self

    @model_validator(mode="after")
    def _knows_whom_to_believe(self) -> Self:
        if self.auth == "jwt" and not (
            self.jwt_issuer.startswith("https://") and self.jwt_audience
        ):
            raise ValueError(
                "auth: jwt needs jwt_issuer, an https:// URL, and jwt_audience; got "
                f"{self.jwt_issuer!r} and {self.jwt_audience}"
            )
        return self

    @model_validator(mode="after")
    def _is_not_open_by_mistake(self) -> Self:
        if self.auth == "none" and self.stage == _PRODUCTION and not self.force_open:
            raise ValueError(
                f"auth: none on stage {self.stage}: everybody could upload and delete there: say "
                "token, iam or jwt, or force_open: true if that is what you want"
            )
        if self.fetch_loopback and self.stage != _LOCAL:
            raise ValueError(
                "fetch_loopback: true would let callers reach what listens beside the function: "
                f"only stage {_LOCAL} may say so, this is {self.stage}"
            )
        return self


def checked(given: dict[str, Any]) -> Parameters:
    """The parameters; ConfigError with every mistake in them."""
    try:
        parameters = Parameters.model_validate(given)
    except ValidationError as error:
        raise ConfigError(
            "\n".join(f"serverless.yml: params: {_told(each)}" for each in error.errors())
        ) from error
    if not _STAGE.match(parameters.stage):
        raise ConfigError(
            f"--stage: {parameters.stage!r} must be 1 to 12 lower-case letters, digits or '-', "
            "beginning with a letter: bucket names are made of it"
        )
    return parameters


def _told(mistake: "ErrorDetails") -> str:
    said = mistake["msg"].removeprefix("Value error, ")
    if not mistake["loc"]:
        return said
    return f"{'.'.join(map(str, mistake['loc']))}: {said}, got {mistake['input']!r}"
