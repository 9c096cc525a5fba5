"""Reads a photo's status at each size from S3; every fact has a field that programs can read."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel

from lib import keys
from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.aws.error_mapping import map_access_denied
from lib.concurrency import map_concurrently
from lib.errors import FanoutError, PermanentError, RequestError
from lib.fetching.jobs import FetchJobs, FetchState
from lib.keys import Originals
from lib.pipeline.failure_records import FailureRecords
from lib.pipeline.focus import FocalPoint, read_focus
from lib.pipeline.metadata_keys import PIXELS, RECIPE
from lib.pipeline.put_options import PutOptions
from lib.pipeline.sources import is_of
from lib.times import Timestamp
from lib.upload_paths import require_printable
from lib.uploads.placeholders import Placeholder, read_placeholder
from lib.uploads.response_limit import require_returnable
from lib.uploads.viewer_urls import make_url_signer

if TYPE_CHECKING:
    from lib.auth.viewer_signatures import ViewerSigner
    from lib.sizes import Size


class VariantFacts(BaseModel, frozen=True):
    """A stored variant; `pixels` is like 400x300, `modified` is when the variant was rendered.

    `placeholder` is null unless the size has `placeholder: true`.
    """

    url: str
    content_type: str
    bytes: int
    pixels: str
    modified: Timestamp
    placeholder: Placeholder | None = None


# Why a stored variant is stale: it is of another original (or focal point), of another recipe, or
# stored with another Cache-Control or ACL.
Stale = Literal["original", "recipe", "put_options"]


class SizeStatus(BaseModel, frozen=True):
    """A photo at one size.

    `ready`: `variants` has one for each format, all made from the current original; `failed`:
    `reason` and `error` have the cause; `pending`: not rendered yet; `gone`: there is no original.
    `stale` is why the stored variants are stale; None if they are current, or if there are none.
    """

    state: Literal["ready", "failed", "pending", "gone"]
    variants: list[VariantFacts] = []
    reason: str | None = None
    error: str | None = None
    stale: Stale | None = None


class OriginalFacts(BaseModel, frozen=True):
    """The original; `modified` is when it was uploaded, or its focal point was set."""

    content_type: str
    bytes: int
    etag: str
    modified: Timestamp


Status = dict[str, SizeStatus]

# Photos of one batch: the same as tickets, so that a client can ask for what it uploaded.
MAX_PHOTOS = 100


class PhotoStatus(BaseModel):
    """A photo at each size that is made of photos at its path, by the size's name.

    `fetch` is its fetch job, while that is pending or if it failed and no original was uploaded
    since. Without an `original`, each size has the state of the fetch job. `focus` is the photo's
    focal point: shares of its width and height.
    """

    path: str
    original: OriginalFacts | None = None
    sizes: Status
    fetch: FetchState | None = None
    focus: FocalPoint | None = None


class Expected(NamedTuple):
    """What a size's variants have, unless they are stale: the recipe's id, and the put options."""

    recipe: str
    put_options: PutOptions


# Sizes are read concurrently: each takes a few requests of some 20 ms.
_MAX_WORKERS = 8
# Photos of a batch that are read at once, each size after size: as many requests as connections.
MAX_CONNECTIONS = 16


@dataclass(frozen=True)
class StatusReader:
    """Reads the status of one stack's photos; `images_url` has no slash at its end.

    Without a `signer`, everyone sees variants. Variants of a size without `expected` are stale only
    if they are of another original.
    """

    s3: S3Client
    sizes: "Sequence[Size]"
    originals: Originals
    images_bucket: str
    failures_bucket: str
    images_url: str
    signer: "ViewerSigner | None" = None
    expected: Mapping[str, Expected] = field(default_factory=dict)

    def get(self, path: str, *, signed: int | None = None) -> PhotoStatus:
        """Returns the status at each size, with URLs `signed` for so many seconds if asked for.

        Raises PermanentError for a path that no original can have, and RequestError if URLs cannot
        be signed.
        """
        return self._get(path, make_url_signer(self.signer, signed), _MAX_WORKERS)

    def get_all(
        self, paths: Sequence[str], *, signed: int | None = None
    ) -> list[PhotoStatus | FanoutError]:
        """Returns what `get` returns or raises for each path, in their order.

        Raises RequestError if URLs cannot be signed, or if all of it exceeds what Lambda can
        return, and TransientError if S3 does not answer.
        """
        sign = make_url_signer(self.signer, signed)

        def try_one(path: str) -> PhotoStatus | FanoutError:
            try:
                require_printable(path)
                return self._get(path, sign, max_workers=1)
            except (PermanentError, RequestError) as error:
                return error

        results = list(map_concurrently(paths, try_one, max_workers=MAX_CONNECTIONS))
        require_returnable(
            [_count_characters(each) for each in results],
            f"paths: the status of {len(results)} photos with paths as long as these has",
            "ask for",
        )
        return results

    def _get(self, path: str, sign: Callable[[str], str], max_workers: int) -> PhotoStatus:
        self.originals.check(path)
        with map_access_denied("look at originals, variants and failure records"):
            key = self.originals.key(path)
            original = objects.head_confirmed(self.s3, self.originals.bucket, key)
            fetch = FetchJobs(self.s3, self.failures_bucket).get_state(path, original)

            def read_size(size: "Size") -> SizeStatus:
                if original is None:
                    return _without_original(fetch)
                return self._read_size(size, path, original, sign)

            sizes = {size.name: size for size in self.sizes if size.applies_to(path)}
            statuses = map_concurrently(sizes.values(), read_size, max_workers=max_workers)
            return PhotoStatus(
                path=path,
                original=_describe_original(original) if original else None,
                sizes=dict(zip(sizes, statuses, strict=True)),
                fetch=fetch,
                focus=read_focus(original.metadata) if original else None,
            )

    def _read_size(
        self,
        size: "Size",
        path: str,
        original: objects.StoredObject,
        sign: Callable[[str], str],
    ) -> SizeStatus:
        try:
            variant_keys = [keys.variant_key(folder, path) for folder in size.folders]
        except PermanentError as error:  # too long a path for this size, though not for others
            return SizeStatus(state="failed", reason=error.reason, error=str(error))
        found = [objects.head(self.s3, self.images_bucket, key) for key in variant_keys]
        stored = [variant for variant in found if variant is not None]
        current = [each for each in stored if is_of(each, original, has_focus=size.has_focus)]
        if len(current) == len(found):
            named = zip(size.folders, current, strict=True)
            return SizeStatus(
                state="ready",
                variants=[
                    self._describe_variant(folder, path, each, sign) for folder, each in named
                ],
                stale=self._find_staleness(size.name, current),
            )
        stale: Stale | None = "original" if len(current) < len(stored) else None
        record = FailureRecords(self.s3, self.failures_bucket, size.name).read(path)
        if record is not None and record.is_about(original.modified):
            return SizeStatus(state="failed", reason=record.reason, error=record.error, stale=stale)
        return SizeStatus(state="pending", stale=stale)

    def _find_staleness(self, size: str, variants: list[objects.StoredObject]) -> Stale | None:
        """Returns why variants of the current original are stale."""
        expected = self.expected.get(size)
        if expected is None:
            return None
        if any(variant.metadata.get(RECIPE) != expected.recipe for variant in variants):
            return "recipe"
        if all(expected.put_options.match(variant) for variant in variants):
            return None
        return "put_options"

    def _describe_variant(
        self,
        folder: str,
        path: str,
        variant: objects.StoredObject,
        sign: Callable[[str], str],
    ) -> VariantFacts:
        return VariantFacts(
            url=sign(keys.variant_url(self.images_url, folder, path)),
            content_type=variant.content_type,
            bytes=variant.length,
            pixels=variant.metadata.get(PIXELS, ""),
            modified=variant.modified,
            placeholder=read_placeholder(variant),
        )


def _describe_original(original: objects.StoredObject) -> OriginalFacts:
    return OriginalFacts(
        content_type=original.content_type,
        bytes=original.length,
        etag=original.etag,
        modified=original.modified,
    )


def _count_characters(result: PhotoStatus | FanoutError) -> int:
    return len(str(result) if isinstance(result, FanoutError) else result.model_dump_json())


def _without_original(fetch: FetchState | None) -> SizeStatus:
    if fetch is None:
        return SizeStatus(state="gone")
    return SizeStatus(state=fetch.state, reason=fetch.reason, error=fetch.error)


# Between two reads of one photo: rendering takes seconds, and a read some requests.
_POLL_SECONDS = 1.0
# Without progress of any photo: longer than a cold start and the first retries of a transient
# failure.
_IDLE_SECONDS = 600.0


class StatusPoller:
    """Waits for photos, from several threads, as long as any of them makes progress."""

    def __init__(
        self,
        get_status: Callable[[str], PhotoStatus],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._get_status, self._sleep, self._clock = get_status, sleep, clock
        self._progress_at = clock()

    def wait(self, path: str) -> Status:
        """Returns the status once no size is pending, or after ten minutes without progress."""
        pending = -1
        while True:
            status = self._get_status(path).sizes
            before, pending = pending, sum(each.state == "pending" for each in status.values())
            if pending != before:
                self._progress_at = self._clock()
            if not pending or self._clock() - self._progress_at > _IDLE_SECONDS:
                return status
            self._sleep(_POLL_SECONDS)
