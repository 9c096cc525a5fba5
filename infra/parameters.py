"""The stage's parameters that something is generated from, checked before anything is built."""

import re
from typing import TYPE_CHECKING, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from infra.numbers import MAX_DELAY
from lib.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Bucket names end at 63 characters: image-fanout-<stage>-originals-<account>-<region> leaves 12.
_STAGE = re.compile(r"^[a-z][a-z0-9-]{0,11}$")
# Keys have a UUID for a name; those that live in several regions have mrk- and 32 digits.
_KEY = re.compile(r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$")
# SNS looks closer, and asks the address; this catches what is no address at all.
_EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+$")


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
    # ARN of the key that encrypts buckets, queues and topics; "" for the services' own.
    kms_key: str
    # Who hears of alarms; "" for nobody but those who subscribe by themselves.
    alarm_email: str
    xray: bool
    access_logs: bool
    # Whether buckets refuse plain http, which is all that an emulator speaks.
    tls_only: bool
    log_days: int = Field(ge=1)

    @property
    def prefix(self) -> str:
        """What the names of everything in the stack begin with."""
        return f"{self.service}-{self.stage}"

    @field_validator("kms_key")
    @classmethod
    def _key_is_named_by_its_arn(cls, key: str) -> str:
        if key and not _KEY.match(key):
            raise ValueError(
                "must be the ARN of a customer managed key in the stage's region, such as "
                "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-…, or empty for none; an alias "
                "will not do, since the functions' roles name the key"
            )
        return key

    @field_validator("alarm_email")
    @classmethod
    def _email_has_the_form_of_one(cls, address: str) -> str:
        if address and not _EMAIL.match(address):
            raise ValueError("must be one e-mail address such as ops@example.com, or empty")
        return address

    @model_validator(mode="after")
    def _purge_outlasts_its_writer(self) -> Self:
        if self.timeout + self.landing > MAX_DELAY:
            raise ValueError(
                f"timeout and landing: {self.timeout} and {self.landing} seconds are together "
                f"more than {MAX_DELAY}, which is how long SQS can delay a purge"
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
