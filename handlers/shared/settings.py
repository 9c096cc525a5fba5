"""Settings that several functions read from their environment; checked before any work starts."""

import os
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field, Json, ValidationError

from lib.errors import ConfigError
from lib.keys import Originals
from lib.pipeline.put_options import Acl, CacheLifetimes
from lib.sizes import Size, unpack_sizes

# All sizes of the stage, in the form that lib/sizes/packed.py writes.
PackedSizes = Annotated[list[Size], BeforeValidator(unpack_sizes)]


class Settings(BaseModel, frozen=True):
    """Base of each function's settings: each field is an environment variable, in capitals."""

    @classmethod
    def from_environment(cls) -> Self:
        """Reads the fields; raises ConfigError that names missing and invalid ones."""
        values = {
            name: os.environ[name.upper()]
            for name in cls.model_fields
            if name.upper() in os.environ
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = "; ".join(f"{e['loc'][0]}: {e['msg']}".upper() for e in error.errors())
            raise ConfigError(
                f"the function's environment is wrong: {wrong}: deploy again"
            ) from error


class AnalyzerSettings(Settings):
    """Rekognition's checks before a photo is rendered; by default none."""

    # Confidence in per cent from which a photo is not shown; None if the stage moderates nothing.
    moderation_confidence: int | None = Field(None, ge=50, le=100)
    # Whether a size has position `faces` and Rekognition finds them.
    faces: bool = False


class OriginalsSettings(Settings):
    """Where the stage's originals are."""

    originals_bucket: str
    # The folder of the originals; "" for the whole bucket.
    originals_prefix: str

    @property
    def originals(self) -> Originals:
        """Where the stage's originals are."""
        return Originals(self.originals_bucket, self.originals_prefix)


class BucketSettings(OriginalsSettings):
    """The buckets of originals and of failure records."""

    failures_bucket: str


class QueueSettings(BucketSettings):
    """A worker, its queue and its dead-letter queue."""

    queue_url: str
    dlq_url: str
    max_upload_bytes: int = Field(gt=0)
    # Receives after which SQS itself moves a message to the DLQ, without a reason.
    max_receive_count: int = Field(gt=0)
    # Seconds that one photo may take, with its downloads and uploads; the fetch function reserves
    # them for its work after the download.
    reserve_seconds: float = Field(gt=0)
    # Seconds after which an unanswered write has either landed or never will.
    landing_seconds: int = Field(gt=0)
    # Seconds for which a stopped worker's messages stay hidden. Without them, any message that was
    # received before may have stopped a worker, unless the worker remembers it.
    visibility_seconds: float = 0


class VariantSettings(AnalyzerSettings, BucketSettings):
    """A function that writes variants."""

    images_bucket: str
    # None on a stage that invalidates nothing.
    purge_queue_url: str | None = None
    # Seconds; 900 is the longest delay of SQS.
    purge_delay: int = Field(0, ge=0, le=900)
    # None if only the CDN reads the images bucket.
    acl: Acl | None = None
    max_upload_bytes: int = Field(gt=0)


class CachingSettings(Settings):
    """How long variants are cached, as their Cache-Control says."""

    browser_seconds: int = Field(ge=0)
    cdn_seconds: int = Field(ge=0)
    immutable: bool

    @property
    def lifetimes(self) -> CacheLifetimes:
        """The stage's lifetimes, which sizes may override."""
        return CacheLifetimes(self.browser_seconds, self.cdn_seconds, self.immutable)


class OnDemandVariantsSettings(VariantSettings, CachingSettings):
    """A function that renders missing variants; without sizes it renders none."""

    packed_sizes: PackedSizes
    # Prefix of the names of the sizes' queues.
    queue_prefix: str
    # Seconds until a worker rechecks a variant that this function wrote.
    check_delay: int = Field(gt=0, le=900)
    # Timeout of the function, in seconds: an attempt is over after it.
    attempt_seconds: int = Field(gt=0, le=900)
    # ARN of the secret with the signing keys; None on a stage without signed URLs.
    signing_keys: str | None = None


class PhotoSettings(BucketSettings):
    """A function that returns the URLs of variants."""

    images_url: str
    sizes: PackedSizes
    # Name of the secret with the viewer keys, and CloudFront's ids of those in its key group, by
    # ours; no name on a stage that shows its variants to everyone.
    viewer_keys: str | None = None
    viewer_key_ids: Json[dict[str, str]] = {}
