"""Renders missing variants of declared sizes on request.

Requests reconcile as workers do, so the same bytes are stored once, by the first of them. No
request can cause a second rendering: a variant is stored, and a photo that could not be rendered
has a failure record or is left to a worker (`attempts`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lib import keys
from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.errors import PermanentError, ProblemKind, RequestError
from lib.keys import Originals
from lib.on_demand import ImageResponse
from lib.pipeline.failure_records import FailureRecords
from lib.pipeline.reconciler import VariantReconciler

if TYPE_CHECKING:
    from lib.sizes import Size


# Simultaneous requests find the variant that the first one made; later ones should reach S3.
AT_ONCE = timedelta(seconds=60)


class FoundVariant(NamedTuple):
    """A stored variant, and whether this request made it."""

    key: str
    stored: objects.StoredObject
    made_now: bool

    @property
    def age(self) -> timedelta:
        """The time since the variant was stored, by S3's clock and the function's."""
        return datetime.now(UTC) - self.stored.modified

    @property
    def action(self) -> str:
        """The request's result: made, found, or needless if S3 should have served the variant."""
        if self.made_now:
            return "made"
        return "needless" if self.age > AT_ONCE else "found"


@dataclass(frozen=True)
class OnDemandVariants:
    """Finds or renders a stage's variants; `get_reconciler` returns a size's reconciler."""

    s3: S3Client
    originals: Originals
    images_bucket: str
    failures_bucket: str
    sizes: "list[Size]"
    get_reconciler: Callable[["Size"], VariantReconciler]

    def get_or_render(self, folder: str, path: str) -> FoundVariant:
        """Returns the variant in a folder of the images bucket; renders it if it is missing.

        Raises RequestError if there can be none, TransientError if a retry may succeed.
        """
        size = self._find_size(folder, path)
        try:
            self.originals.check(path)
            # All of the size's folders, as a worker needs them: otherwise a path too long for one
            # of them would become a dead letter, even without a photo.
            variants = {each: keys.variant_key(each, path) for each in size.folders}
            self._check_record(size, path)
            outcome = self.get_reconciler(size).reconcile(path).action
        except PermanentError as error:
            raise RequestError(404, ProblemKind.NOT_RENDERED, f"{error.reason}: {error}") from error
        stored = None
        if outcome in ("rendered", "current"):
            stored = objects.head_confirmed(self.s3, self.images_bucket, variants[folder])
        if stored is None:
            raise RequestError(
                404,
                ProblemKind.NO_PICTURE,
                f"there is no photo at {keys.escaped(path)!r}: upload it first",
            )
        return FoundVariant(variants[folder], stored, made_now=outcome == "rendered")

    def read(self, found: FoundVariant) -> ImageResponse:
        """Reads a variant; raises RequestError if it has been deleted meanwhile."""
        download = objects.get(self.s3, self.images_bucket, found.key)
        if not isinstance(download, objects.Download):
            raise RequestError(404, ProblemKind.NO_PICTURE, "the photo was deleted a moment ago")
        data = download.read(max_bytes=download.length)
        return ImageResponse(data, found.stored.content_type, found.stored.cache_control)

    def _find_size(self, folder: str, path: str) -> "Size":
        sizes = [size for size in self.sizes if size.applies_to(path)]
        for size in sizes:
            if folder in size.folders:
                return size
        names = ", ".join(size.name for size in sizes) or "none"
        raise RequestError(
            404,
            ProblemKind.UNKNOWN_SIZE,
            f"there is no such size of photos at this path: the sizes are {names}",
        )

    def _check_record(self, size: "Size", path: str) -> None:
        """Raises RequestError if a worker could not render this original."""
        record = FailureRecords(self.s3, self.failures_bucket, size.name).read(path)
        if record is None:
            return
        original = objects.head(self.s3, self.originals.bucket, self.originals.key(path))
        if original is not None and record.is_about(original.modified):
            raise RequestError(404, ProblemKind.NOT_RENDERED, f"{record.reason}: {record.error}")
