"""What has become of one photo, at each size: asked by its path, read from what is stored.

It serves people at the command line and programs alike, so it says nothing in prose that a
program would have to read.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from lib import keys
from lib.aws import s3 as objects
from lib.aws.error_mapping import map_access_denied
from lib.concurrency import map_concurrently
from lib.errors import PermanentError
from lib.fetching.jobs import FetchJobs, FetchState
from lib.pipeline.failure_records import FailureRecords
from lib.pipeline.metadata_keys import ORIGINAL_ETAG, PIXELS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class VariantFacts(BaseModel):
    """A variant that is there; `pixels` is such as 400x300, `modified` when it was rendered."""

    model_config = ConfigDict(frozen=True)

    url: str
    content_type: str
    bytes: int
    pixels: str
    modified: datetime


class SizeStatus(BaseModel):
    """A photo at one size.

    `ready`: `variants` are there, one for each format, made from the original as it is now;
    `failed`: `reason` and `error` say why; `pending`: a worker has not come to it yet;
    `gone`: there is no original.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["ready", "failed", "pending", "gone"]
    variants: list[VariantFacts] = []
    reason: str | None = None
    error: str | None = None


Status = dict[str, SizeStatus]


class PhotoStatus(BaseModel):
    """A photo at each size, by the size's name.

    `fetch` is the order to fetch it, while that is pending or if it has failed and no original
    came since. Where there is no original yet the sizes say the same; else they tell of the one
    that is there.
    """

    path: str
    sizes: Status
    fetch: FetchState | None = None


# A look is waiting for S3, some 20 ms a request: sizes are looked at side by side.
_ABREAST = 8


@dataclass(frozen=True)
class StatusReader:
    """Tells about the photos of one stack.

    `folders` are each size's folders of the images bucket, by the size's name, and `images_url`
    has no slash at its end.
    """

    s3: "S3Client"
    folders: Mapping[str, Sequence[str]]
    originals_bucket: str
    images_bucket: str
    failures_bucket: str
    images_url: str

    def get(self, path: str) -> PhotoStatus:
        """The status at each size; PermanentError for a path that no original can have."""
        keys.check_original(path)
        with map_access_denied("look at originals, variants and failure records"):
            key = keys.original_key(path)
            original = objects.head_confirmed(self.s3, self.originals_bucket, key)
            order = FetchJobs(self.s3, self.failures_bucket).get_state(path, original)

            def look(size: str) -> SizeStatus:
                return (
                    _without_original(order) if original is None else self._at(size, path, original)
                )

            told = map_concurrently(self.folders, look, max_workers=_ABREAST)
            return PhotoStatus(
                path=path, sizes=dict(zip(self.folders, told, strict=True)), fetch=order
            )

    def _at(self, size: str, path: str, original: objects.StoredObject) -> SizeStatus:
        try:
            variants = [self._variant(folder, path, original.etag) for folder in self.folders[size]]
        except PermanentError as error:  # too long a path for this size, though not for others
            return SizeStatus(state="failed", reason=error.reason, error=str(error))
        there = [variant for variant in variants if variant is not None]
        if len(there) == len(variants):
            return SizeStatus(state="ready", variants=there)
        record = FailureRecords(self.s3, self.failures_bucket, size).read(path)
        if record is not None and record.is_about(original.modified):
            return SizeStatus(state="failed", reason=record.reason, error=record.error)
        return SizeStatus(state="pending")

    def _variant(self, folder: str, path: str, etag: str) -> VariantFacts | None:
        """The variant if it was made from the original with this ETag, by whatever recipe."""
        stored = objects.head(self.s3, self.images_bucket, keys.variant_key(folder, path))
        if stored is None or stored.metadata.get(ORIGINAL_ETAG) != etag:
            return None
        return VariantFacts(
            url=keys.variant_url(self.images_url, folder, path),
            content_type=stored.content_type,
            bytes=stored.length,
            pixels=stored.metadata.get(PIXELS, ""),
            modified=stored.modified,
        )


def _without_original(order: FetchState | None) -> SizeStatus:
    if order is None:
        return SizeStatus(state="gone")
    return SizeStatus(state=order.state, reason=order.reason, error=order.error)


# Between two looks at one photo: rendering takes seconds, and a look some requests.
_POLL_SECONDS = 1.0
# No news of any photo for so long: longer than a cold start and the first tries of a transient
# failure, and than anybody watches a screen.
_PATIENCE_SECONDS = 600.0


class StatusPoller:
    """Waits for photos, from several threads, for as long as there is news of any of them."""

    def __init__(
        self,
        status_of: Callable[[str], PhotoStatus],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._status_of, self._sleep, self._clock = status_of, sleep, clock
        self._news_at = clock()

    def wait(self, path: str) -> Status:
        """The status once no size is pending, or what it is when patience ends."""
        pending = -1
        while True:
            status = self._status_of(path).sizes
            before, pending = pending, sum(each.state == "pending" for each in status.values())
            if pending != before:
                self._news_at = self._clock()
            if not pending or self._clock() - self._news_at > _PATIENCE_SECONDS:
                return status
            self._sleep(_POLL_SECONDS)
