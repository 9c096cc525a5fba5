"""Bring one path's variant of one size up to date, whatever an event said.

The state of things is read, not the event: the variant's metadata tell which original and which
recipe it was made from. Every write depends on what was read and is checked afterwards, so that
duplicates, reordered events and parallel workers end as the current original says.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lib import images, keys
from lib.aws import s3 as objects
from lib.errors import ConflictError, PermanentError, TransientError
from lib.sizes import Size, recipe_id

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Names of the metadata that every variant carries (S3 stores them as x-amz-meta-*).
ORIGINAL_ETAG, RECIPE, ORIGINAL_PIXELS, PIXELS = (
    "original-etag",
    "recipe",
    "original-pixels",
    "pixels",
)

# Being beaten needs another writer of the very same path within milliseconds. Five times in a
# row means that somebody is hammering it: let the queue space the tries out.
MAX_ROUNDS = 5


@dataclass(frozen=True)
class Outcome:
    """How a path ended: its variant was rendered, found current, removed, or was never there."""

    action: Literal["rendered", "current", "removed", "absent"]
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass(frozen=True)
class Renderer:
    """One size, and where its originals and variants are."""

    s3: "S3Client"
    size: Size
    originals_bucket: str
    images_bucket: str
    cache_control: str
    max_bytes: int

    def bring_up_to_date(self, path: str) -> Outcome:
        """Make the variant what the current original says; safe to repeat and to interrupt.

        Raises PermanentError for an original that cannot be rendered (no older original's
        variant stays behind) and TransientError where another try may do better.
        """
        key = keys.variant_key(self.size.name, path)
        for _ in range(MAX_ROUNDS):
            try:
                return self._attempt(path, key)
            except ConflictError:
                continue
        raise TransientError(
            "contended", f"beaten {MAX_ROUNDS} times by other writers of {keys.escaped(key)}"
        )

    def _attempt(self, path: str, key: str) -> Outcome:
        variant = objects.head(self.s3, self.images_bucket, key)
        original = objects.get(
            self.s3,
            self.originals_bucket,
            keys.original_key(path),
            unless_etag=self._made_from(variant),
        )
        if isinstance(original, objects.Unchanged):
            return Outcome("current")
        if original is None:
            return self._removed(path, key, variant)
        try:
            rendition = images.render(original.read(max_bytes=self.max_bytes), self.size)
        except PermanentError:
            self._leave_nothing_older(path, key, variant, original.etag)
            raise
        objects.put(
            self.s3,
            self.images_bucket,
            key,
            rendition.data,
            content_type=rendition.content_type,
            cache_control=self.cache_control,
            metadata=self._metadata(original.etag, rendition),
            replaces=variant.etag if variant else None,
        )
        self._check_original(path, original.etag)
        return Outcome("rendered", original.length, len(rendition.data))

    @property
    def _recipe(self) -> str:
        return recipe_id(self.size, images.RENDERER_VERSION)

    def _made_from(self, variant: objects.StoredObject | None) -> str | None:
        """ETag of the original that a variant of today's recipe was made from."""
        if variant is None or variant.metadata.get(RECIPE) != self._recipe:
            return None
        return variant.metadata.get(ORIGINAL_ETAG)

    def _removed(self, path: str, key: str, variant: objects.StoredObject | None) -> Outcome:
        if variant is None:
            return Outcome("absent")
        objects.delete(self.s3, self.images_bucket, key, etag=variant.etag)
        self._check_original(path, None)
        return Outcome("removed")

    def _leave_nothing_older(
        self, path: str, key: str, variant: objects.StoredObject | None, etag: str
    ) -> None:
        """Remove what was made from an older original than this one, which cannot be rendered."""
        self._check_original(path, etag)
        if variant and variant.metadata.get(ORIGINAL_ETAG) != etag:
            objects.delete(self.s3, self.images_bucket, key, etag=variant.etag)
            self._check_original(path, etag)

    def _check_original(self, path: str, etag: str | None) -> None:
        """Start over (ConflictError) unless the original still is what the work was based on."""
        now = objects.head(self.s3, self.originals_bucket, keys.original_key(path))
        if (now.etag if now else None) != etag:
            raise ConflictError("the original changed meanwhile")

    def _metadata(self, etag: str, rendition: images.Rendition) -> dict[str, str]:
        return {
            ORIGINAL_ETAG: etag,
            RECIPE: self._recipe,
            ORIGINAL_PIXELS: f"{rendition.source_width}x{rendition.source_height}",
            PIXELS: f"{rendition.width}x{rendition.height}",
        }
