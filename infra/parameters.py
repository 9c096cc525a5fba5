"""The stage's parameters, validated before anything is generated from them."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from infra.api.parameters import ApiParameters
from infra.buckets.parameters import StorageParameters
from infra.delivery.parameters import DeliveryParameters
from infra.queue_settings import MAX_DELAY, ON_DEMAND_TIMEOUT, QueueSettings
from infra.rekognition import RekognitionParameters
from lib.errors import ConfigError
from lib.sizes.wording import correct

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Bucket names end at 63 characters: image-fanout-<stage>-originals-<account>-<region> leaves 12.
_STAGE = re.compile(r"^[a-z][a-z0-9-]{0,11}$")
# Topics of stage dev are called image-fanout-dev, …-dev-variants and …-dev-alarms.
_TOPICS_OF_ANOTHER = ("-variants", "-alarms")


class Parameters(DeliveryParameters, ApiParameters, RekognitionParameters, StorageParameters):
    """The parameters of serverless.yml that resources are generated from."""

    sizes_file: str
    # Seconds; a batch of ten photos takes at least 10.
    timeout: int = Field(ge=10)
    # The bounds are AWS's on an event source mapping's maximum concurrency.
    max_concurrency: int = Field(ge=2, le=1000)
    landing: int = Field(ge=1)
    # Whether changed variants are invalidated at CloudFront.
    purge: bool

    @cached_property
    def queue_settings(self) -> QueueSettings:
        """Settings of the sizes' queues and functions."""
        return QueueSettings(self.timeout, self.max_concurrency, self.landing)

    @property
    def purges(self) -> bool:
        """Whether the stage has a CDN whose copies are invalidated."""
        return self.purge and not self.is_public

    @property
    def page_origins(self) -> list[str]:
        """Web sites whose pages may upload; the console's own among them if its name is known."""
        if self.console and self.domain and self.upload_origins != ["*"]:
            return list(dict.fromkeys([*self.upload_origins, f"https://{self.domain}"]))
        return self.upload_origins

    def find_conflicts(self) -> Iterator[str]:
        """Yields what is wrong with these parameters together."""
        yield from super().find_conflicts()
        yield from self._find_console_conflicts()
        if self.is_private and self.auth == "none":
            yield (
                "auth: got 'none' with viewers: signed, and the two exclude each other: the API "
                "signs URLs of any photo for its callers, so everybody could see every photo. Say "
                "token, iam or jwt, or viewers: everyone"
            )
        timeout = max(self.timeout, ON_DEMAND_TIMEOUT)
        if timeout + self.landing > MAX_DELAY:
            yield (
                f"timeout and landing: {self.timeout} and {self.landing} seconds are together "
                f"more than {MAX_DELAY}, which is how long SQS can delay a purge (a timeout below "
                f"{ON_DEMAND_TIMEOUT} counts as that)"
            )

    def _find_console_conflicts(self) -> Iterator[str]:
        """Yields why a page could not call the API."""
        # The local stage always has one: nobody else reaches it.
        if not self.console or self.emulator:
            return
        if self.auth not in ("token", "jwt"):
            why = {
                "none": "everybody could replay and purge dead letters",
                "iam": "a page has no AWS credentials to sign its requests with",
            }
            yield (
                f"console: true with auth: {self.auth}: {why[self.auth]}: say auth: token or jwt, "
                "or console: false"
            )
        is_named = any(
            origin == "*" or ".cloudfront.net" in origin for origin in self.upload_origins
        )
        if not (is_named or self.domain or self.is_public):
            yield (
                f"console: true with upload_origins: {', '.join(self.upload_origins)}: the "
                "console is a page of the CDN, which may not call the API then: add the CDN's "
                "address (the output CdnUrl of the stack) to upload_origins, or give a domain"
            )


def parse_parameters(given: dict[str, Any]) -> Parameters:
    """Validates the parameters; raises ConfigError with every mistake."""
    try:
        parameters = Parameters.model_validate(given)
    except ValidationError as error:
        raise ConfigError(
            "\n".join(f"serverless.yml: params: {_describe(each)}" for each in error.errors())
        ) from error
    if not _STAGE.match(parameters.stage):
        raise ConfigError(
            f"--stage: {parameters.stage!r} must be 1 to 12 lower-case letters, digits or '-', "
            "beginning with a letter: bucket names are made of it"
        )
    if parameters.stage.endswith(_TOPICS_OF_ANOTHER):
        stage, _, ending = parameters.stage.rpartition("-")
        raise ConfigError(
            f"--stage: {parameters.stage!r} must not end in '-{ending}': its topic would have the "
            f"name of one of stage {stage!r}: take another name"
        )
    return parameters


def _describe(mistake: "ErrorDetails") -> str:
    if not mistake["loc"]:
        return mistake["msg"].removeprefix("Value error, ")
    # The item of a list is shown by its value.
    given = mistake["input"]
    return f"{mistake['loc'][0]}: {correct(mistake, str(given))}, got {given!r}"
