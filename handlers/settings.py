"""What the stack tells its functions by environment, checked before any work starts."""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

from lib.delivery import Acl
from lib.errors import ConfigError
from lib.sizes import Size


class Settings(BaseModel):
    """Base of each function's settings: an environment variable a field, in capitals."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the fields; ConfigError names what is missing or wrong."""
        given = {
            name: os.environ[name.upper()]
            for name in cls.model_fields
            if name.upper() in os.environ
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = "; ".join(f"{e['loc'][0]}: {e['msg']}".upper() for e in error.errors())
            raise ConfigError(
                f"the function's environment is wrong: {wrong}: deploy again"
            ) from error


class ResizeSettings(Settings):
    """One size's worker."""

    size: Json[Size]
    originals_bucket: str
    images_bucket: str
    queue_url: str
    dlq_url: str
    failures_bucket: str
    # None on a stage that purges nothing.
    purge_queue_url: str | None = None
    # Seconds; the longest that SQS delays a message.
    purge_delay: int = Field(0, ge=0, le=900)
    cache_control: str
    # None on a stage whose images bucket is read by the CDN alone.
    acl: Acl | None = None
    max_upload_bytes: int = Field(gt=0)
    # Receives after which SQS moves a message to the DLQ by itself, without a reason.
    max_receive_count: int = Field(gt=0)
    # Seconds that one photo may take, downloads and uploads included.
    reserve_seconds: float = Field(gt=0)
    # Seconds after which a write that was not answered has landed, or never will.
    landing_seconds: int = Field(gt=0)


class PurgeSettings(Settings):
    """The function that purges."""

    distribution_id: str
    # Whether CloudFront chooses among formats by Accept.
    serve_formats: bool


class UploadSettings(Settings):
    """The upload API."""

    originals_bucket: str
    images_url: str
    sizes: Json[list[str]]
    upload_types: Json[list[str]]
    max_upload_bytes: int = Field(gt=0)
