"""What the stack tells its functions by environment, checked before any work starts."""

import os
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, ValidationError

from lib.errors import ConfigError
from lib.pipeline.put_options import Acl
from lib.sizes import Size, unpack_sizes

# All sizes of the stage, as lib/sizes/packed.py writes them.
PackedSizes = Annotated[list[Size], BeforeValidator(unpack_sizes)]


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


class AnalyzerSettings(Settings):
    """What Rekognition is asked, by any function that renders; without them nothing is."""

    # Per cent from which on a photo is not shown; None on a stage that moderates nothing.
    moderation_confidence: int | None = Field(None, ge=50, le=100)
    # Whether there is a size of position `faces`, and a Rekognition to ask for them.
    faces: bool = False


class BucketSettings(Settings):
    """The buckets that nobody else reads, of originals and of failure records."""

    originals_bucket: str
    failures_bucket: str


class QueueSettings(BucketSettings):
    """A worker, its queue and its dead-letter queue."""

    queue_url: str
    dlq_url: str
    max_upload_bytes: int = Field(gt=0)
    # Receives after which SQS moves a message to the DLQ by itself, without a reason.
    max_receive_count: int = Field(gt=0)
    # Seconds that one photo may take, downloads and uploads included; or what the fetch function
    # keeps of its timeout for what comes after the download.
    reserve_seconds: float = Field(gt=0)
    # Seconds after which a write that was not answered has landed, or never will.
    landing_seconds: int = Field(gt=0)
    # Seconds for which what a stopped worker had stays hidden. Without them every message that
    # was received before may have stopped one, but for those that the worker remembers.
    visibility_seconds: float = 0


class VariantSettings(AnalyzerSettings, BucketSettings):
    """A function that writes variants."""

    images_bucket: str
    # None on a stage that purges nothing.
    purge_queue_url: str | None = None
    # Seconds; the longest that SQS delays a message.
    purge_delay: int = Field(0, ge=0, le=900)
    # None on a stage whose images bucket is read by the CDN alone.
    acl: Acl | None = None
    max_upload_bytes: int = Field(gt=0)


class ResizeSettings(VariantSettings, QueueSettings):
    """One size's worker."""

    size: Json[Size]
    # Whether CloudFront has signed pictures too.
    serve_signed: bool = False
    cache_control: str


class OnDemandVariantsSettings(VariantSettings):
    """A function that makes missing variants of any of these sizes."""

    packed_sizes: PackedSizes
    # What the names of the sizes' queues begin with.
    queue_prefix: str
    # Seconds after which a worker looks at what was written here, and that the function may run.
    check_delay: int = Field(gt=0, le=900)
    attempt_seconds: int = Field(gt=0, le=900)
    browser_seconds: int = Field(ge=0)
    cdn_seconds: int = Field(ge=0)
    immutable: bool
    # ARN of the secret with the keys of signed URLs; None on a stage without such.
    signing_keys: str | None = None


class OnDemandSettings(OnDemandVariantsSettings):
    """The function that CloudFront asks; it has no sizes where it makes no missing variants."""


class WebsiteSettings(OnDemandVariantsSettings):
    """The function that S3's website sends visitors to."""

    images_url: str


class FetchSettings(QueueSettings):
    """The function that fetches photos by URL."""

    upload_types: Json[list[str]]
    # Only on a stage that runs on one's own machine: fetch from 127.0.0.0/8 too.
    fetch_loopback: bool = False


class InvalidateSettings(Settings):
    """The function that purges."""

    distribution_id: str
    dlq_url: str
    # Whether CloudFront chooses among formats by Accept.
    serve_formats: bool
    # Whether CloudFront has signed pictures too.
    serve_signed: bool


class PhotoSettings(BucketSettings):
    """A function that tells callers where variants are, or will be."""

    images_url: str
    # The formats that each size has beside its own, by the size's name.
    formats: Json[dict[str, list[str]]]


class UploadSettings(PhotoSettings):
    """The function that gives out tickets."""

    fetch_queue_url: str
    fetch_loopback: bool
    upload_types: Json[list[str]]
    max_upload_bytes: int = Field(gt=0)


class StatusSettings(PhotoSettings):
    """The function that tells what has become of a photo."""

    images_bucket: str


class RenderSettings(AnalyzerSettings):
    """The function that renders what callers send."""

    originals_bucket: str
    packed_sizes: PackedSizes
    # ARN of the secret with the keys of signed dimensions; None on a stage without such.
    signing_keys: str | None = None
    upload_types: Json[list[str]]
    max_upload_bytes: int = Field(gt=0)


class OpenapiSettings(Settings):
    """The function that describes the API."""

    api_url: str
    auth: str
    swagger: bool
    # Whether there is a route that renders what callers send.
    render: bool


class AuthorizerSettings(Settings):
    """The function that checks bearer tokens; `tokens_secret` is the ARN of their secret."""

    tokens_secret: str = Field(min_length=1)
