"""Missing variants of declared sizes, made as they are asked for.

By the workers' own protocol, so that whoever is first, worker or request, the same bytes are stored
once. Nothing that a stranger can ask for is rendered twice: what is stored is found, what could not
be rendered has a failure record or is left to a worker (`attempts`), and no size exists but the
declared ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lib import keys
from lib.aws import s3 as objects
from lib.errors import PermanentError, ProblemKind, RequestError
from lib.on_demand import ImageResponse
from lib.pipeline.failure_records import FailureRecords
from lib.pipeline.reconciler import VariantReconciler

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from lib.sizes import Size


# Requests that come at once find what the first of them has made; later ones should not come.
AT_ONCE = timedelta(seconds=60)


class FoundVariant(NamedTuple):
    """A stored variant, and whether this very request made it."""

    key: str
    stored: objects.StoredObject
    made_now: bool

    @property
    def age(self) -> timedelta:
        """How long it has been there, by S3's clock and ours."""
        return datetime.now(UTC) - self.stored.modified

    @property
    def action(self) -> str:
        """What came of the request: made, found, or needless: it need not have come at all."""
        if self.made_now:
            return "made"
        return "needless" if self.age > AT_ONCE else "found"


@dataclass(frozen=True)
class OnDemandVariants:
    """Finds or makes variants of a stage's sizes; `renderer_of` gives what renders a size."""

    s3: "S3Client"
    originals_bucket: str
    images_bucket: str
    failures_bucket: str
    sizes: "list[Size]"
    get_reconciler: Callable[["Size"], VariantReconciler]

    def get_or_render(self, folder: str, path: str) -> FoundVariant:
        """The variant in a folder of the images bucket, made now if it was missing.

        RequestError where there can be none, TransientError where another try may do better.
        """
        size = self._size(folder)
        try:
            keys.check_original(path)
            # All of the size's folders, as a worker needs them: a path that fits but some of them
            # would be its dead letter, for a photo that need not even be there.
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
        """The bytes of a variant; RequestError where it was deleted a moment ago."""
        download = objects.get(self.s3, self.images_bucket, found.key)
        if not isinstance(download, objects.Download):
            raise RequestError(404, ProblemKind.NO_PICTURE, "the photo was deleted a moment ago")
        data = download.read(max_bytes=download.length)
        return ImageResponse(data, found.stored.content_type, found.stored.cache_control)

    def _size(self, folder: str) -> "Size":
        for size in self.sizes:
            if folder in size.folders:
                return size
        raise RequestError(
            404,
            ProblemKind.UNKNOWN_SIZE,
            f"there is no such size: the sizes are {', '.join(size.name for size in self.sizes)}",
        )

    def _check_record(self, size: "Size", path: str) -> None:
        """Refuse (RequestError) what a worker has tried, and could not render."""
        record = FailureRecords(self.s3, self.failures_bucket, size.name).read(path)
        if record is None:
            return
        original = objects.head(self.s3, self.originals_bucket, keys.original_key(path))
        if original is not None and record.is_about(original.modified):
            raise RequestError(404, ProblemKind.NOT_RENDERED, f"{record.reason}: {record.error}")
