"""What every part of the template needs to know of the stage that it is for."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, field_validator

# Keys have a UUID for a name; those that live in several regions have mrk- and 32 digits.
_KEY = re.compile(r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$")
# A policy of an account, or one of AWS's own.
_POLICY = re.compile(r"^arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]{1,512}$", re.ASCII)
# SNS looks closer, and asks the address; this catches what is no address at all.
_EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+$")


def _words(given: object) -> object:
    """A list as it stands in serverless.yml, or with commas as --param has it."""
    return (
        [each.strip() for each in given.split(",") if each.strip()]
        if isinstance(given, str)
        else given
    )


Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Words = Annotated[list[Word], BeforeValidator(_words)]


class StageParameters(BaseModel):
    """A stage of the service, and what holds for all of its parts."""

    service: str
    stage: str
    region: str
    # The API's address: text, or one of CloudFormation's functions.
    api_url: str | dict[str, Any]
    # Address of an emulator of AWS that the stage is deployed to, "" for AWS itself.
    emulator: str
    # What is rendered as it is asked for: missing variants, signed wishes of any dimensions.
    on_demand: Annotated[list[Literal["declared", "signed"]], BeforeValidator(_words)]
    # ARN of the key that encrypts buckets, queues and topics; "" for the services' own.
    kms_key: str
    # Who hears of alarms; "" for nobody but those who subscribe by themselves.
    alarm_email: str
    xray: bool
    access_logs: bool
    # Whether buckets refuse plain http, which is all that an emulator speaks.
    tls_only: bool
    log_days: int = Field(ge=1)
    # ARN of the policy that is the permissions boundary of every role; "" for none.
    permissions_boundary: str

    @property
    def prefix(self) -> str:
        """What the names of everything in the stack begin with."""
        return f"{self.service}-{self.stage}"

    @property
    def serves_signed(self) -> bool:
        """Whether pictures of any dimensions are made for whoever has a signed URL."""
        return "signed" in self.on_demand

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

    @field_validator("permissions_boundary")
    @classmethod
    def _boundary_is_named_by_its_arn(cls, policy: str) -> str:
        if policy and not _POLICY.match(policy):
            raise ValueError(
                "must be the ARN of a managed policy, such as "
                "arn:aws:iam::123456789012:policy/boundary, or empty for none"
            )
        return policy

    @field_validator("alarm_email")
    @classmethod
    def _email_has_the_form_of_one(cls, address: str) -> str:
        if address and not _EMAIL.match(address):
            raise ValueError("must be one e-mail address such as ops@example.com, or empty")
        return address
