"""Bring one path's variants of one size up to date, whatever an event said.

The state of things is read, not the event: the variant's metadata tell which original and which
recipe it was made from. Every write depends on what was read and is checked afterwards, so that
duplicates, reordered events and parallel workers end as the current original says.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

from lib import images, keys
from lib.aws import s3 as objects
from lib.aws.call_budget import CALL_SECONDS
from lib.errors import ConflictError, PermanentError, Reason, TransientError
from lib.pipeline.deadline import UNLIMITED, Deadline
from lib.pipeline.invalidation_queue import InvalidationQueue
from lib.pipeline.metadata_keys import ORIGINAL_ETAG
from lib.pipeline.put_options import PutOptions
from lib.pipeline.rechecks import DelayedRecheckQueue
from lib.pipeline.render_slots import RenderSlots
from lib.pipeline.variant_metadata import VariantMetadata
from lib.rekognition import ImageAnalyzer
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Being beaten needs another writer of the very same path within milliseconds. Five times in a
# row means that somebody is hammering it: let the queue space the tries out.
MAX_ROUNDS = 5


# The variants of one path as they are stored, one for each format of the size, by key.
Variants = dict[str, objects.StoredObject | None]


@dataclass(frozen=True)
class ReconcileResult:
    """How a path ended: its variant was rendered, found current, removed, or was never there."""

    action: Literal["rendered", "current", "removed", "absent"]
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass(frozen=True)
class VariantReconciler:
    """One size, and where its originals and variants are.

    `purges` is None without a CDN, `content` where nobody asks what is in a photo. `checks` and
    `trying` are for those who work outside of a queue: no message of theirs is delivered again if
    they die between a write and the check of it, nor counts how often they died of a photo. The
    original of a path and an ETag is rendered inside of `trying`.
    """

    s3: "S3Client"
    size: Size
    originals_bucket: str
    images_bucket: str
    put_options: PutOptions
    max_bytes: int
    render_slots: RenderSlots
    invalidation_queue: InvalidationQueue | None = None
    recheck_queue: DelayedRecheckQueue | None = None
    image_analyzer: ImageAnalyzer | None = None
    record_attempt: Callable[[str, str], AbstractContextManager[None]] | None = None

    def reconcile(self, path: str, deadline: Deadline = UNLIMITED) -> ReconcileResult:
        """Make the variants what the current original says; safe to repeat and to interrupt.

        There is one variant for each format of the size. Raises PermanentError for an original
        that cannot be rendered (no older original's variant stays behind) and TransientError
        where another try may do better, NoTimeError if the deadline is too near to go on.
        """
        places = [keys.variant_key(folder, path) for folder in self.size.folders]
        for _ in range(MAX_ROUNDS):
            try:
                return self._attempt(path, places, deadline)
            except ConflictError:
                continue
        raise TransientError(
            "contended", f"beaten {MAX_ROUNDS} times by other writers of {keys.escaped(places[0])}"
        )

    def _attempt(self, path: str, places: list[str], deadline: Deadline) -> ReconcileResult:
        variants = {key: objects.head(self.s3, self.images_bucket, key) for key in places}
        original = objects.get(
            self.s3,
            self.originals_bucket,
            keys.original_key(path),
            unless_etag=self._provenance.find_original_etag(list(variants.values())),
        )
        if isinstance(original, objects.NotModified):
            if self._was_written_again(variants, original):
                self._intend_signed_purge(variants)
            return ReconcileResult("current")
        if original is None:
            return self._removed(path, variants)
        with self.record_attempt(path, original.etag) if self.record_attempt else nullcontext():
            renditions = self._rendered(path, variants, original, deadline)
        stale = {
            key: rendition
            for key, rendition in zip(variants, renditions, strict=True)
            if not self._provenance.is_current(variants[key], original.etag)
        }
        changed = [key for key in stale if self._looks_else(variants[key], original.etag)]
        self._announce(path, changed)
        if not changed and self._has_first(variants, stale):
            self._intend_signed_purge(variants)
        # The size's own format comes last: the CDN shows it in place of one that is missing, and
        # would go on doing so for as long as it is cached.
        for key, rendition in reversed(stale.items()):
            self._replace(key, variants[key], rendition, original.etag)
            self._check_original(path, original.etag)
        bytes_out = sum(len(rendition.data) for rendition in renditions)
        return ReconcileResult("rendered", original.length, bytes_out)

    def _rendered(
        self,
        path: str,
        variants: Variants,
        original: objects.Download,
        deadline: Deadline,
    ) -> list[images.Rendition]:
        try:
            with self.render_slots.hold_bytes(min(original.length, self.max_bytes)):
                data = original.read(
                    max_bytes=self.max_bytes, seconds=deadline.left() - CALL_SECONDS
                )
                turn = partial(self._turn, deadline)
                focus = (
                    self.image_analyzer.analyze(path, original.etag, data, self.size, turn)
                    if self.image_analyzer
                    else None
                )
                with turn():
                    return images.render_all(data, self.size, focus)
        except PermanentError as error:
            self._leave_nothing_older(path, variants, original.etag, error.reason)
            raise
        except MemoryError as error:
            raise TransientError(
                "out_of_memory",
                f"rendering {original.length:,} bytes took more memory than the function has: "
                "give the size more memory in sizes.yml, or replay when less runs beside it",
            ) from error

    @contextmanager
    def _turn(self, deadline: Deadline) -> Iterator[None]:
        """Inside the block this photo has the processor, and enough time."""
        with self.render_slots.acquire():
            deadline.check()
            yield

    @cached_property
    def _provenance(self) -> VariantMetadata:
        return VariantMetadata(self.size, self.put_options)

    def _looks_else(self, variant: objects.StoredObject | None, etag: str) -> bool:
        """Whether it shows another picture than it will. One that is only stored otherwise does
        not: the CDN's copy of it may stay, and purges cost money.
        """
        return variant is not None and not self._provenance.matches(variant, etag)

    def _has_first(self, variants: Variants, stale: Iterable[str]) -> bool:
        """Whether one is written where there was none.

        Nothing tells of an original that was replaced before that: only signed pictures show it.
        """
        return any(variants[key] is None for key in stale)

    def _was_written_again(self, variants: Variants, original: objects.NotModified) -> bool:
        """Whether the original may have been another one since the variants were written.

        A worker is told so by the event of the last upload, a visitor causes nothing.
        """
        return not self.recheck_queue and any(
            variant and (original.modified is None or variant.modified <= original.modified)
            for variant in variants.values()
        )

    def _announce(self, path: str, changed: list[str]) -> None:
        """Queue before a write what has to follow it: who dies after it cannot do so any more."""
        self._ask_for_check(path)
        self._intend_purge(changed)

    def _ask_for_check(self, path: str) -> None:
        if self.recheck_queue:
            self.recheck_queue.send(path)

    def _intend_purge(self, changed: list[str]) -> None:
        if self.invalidation_queue and changed:
            self.invalidation_queue.send(changed)

    def _intend_signed_purge(self, places: Iterable[str]) -> None:
        """As `_intend_purge`, where the CDN has nothing but signed pictures of another original."""
        if self.invalidation_queue and self.invalidation_queue.signed:
            self.invalidation_queue.send(places, signed_only=True)

    def _replace(
        self,
        key: str,
        variant: objects.StoredObject | None,
        rendition: images.Rendition,
        etag: str,
    ) -> None:
        objects.put_if_match(
            self.s3,
            self.images_bucket,
            key,
            rendition.data,
            content_type=rendition.content_type,
            cache_control=self.put_options.cache_control,
            acl=self.put_options.acl,
            metadata=self._provenance.build(etag, rendition),
            etag=variant.etag if variant else None,
        )

    def _removed(self, path: str, variants: Variants) -> ReconcileResult:
        self._check_missing(variants)
        there = {key: variant for key, variant in variants.items() if variant}
        if not there and not self.recheck_queue:
            self._intend_signed_purge(variants)
        self._delete(path, there, None)
        return ReconcileResult("removed" if there else "absent")

    def _leave_nothing_older(
        self, path: str, variants: Variants, etag: str, reason: Reason
    ) -> None:
        """Remove what was made from an older original than this one, which cannot be rendered.

        Where it must not be shown, what was made from it before anybody looked goes too. One that
        works outside of a queue leaves all this to the worker that is to park it.
        """
        self._check_original(path, etag)
        if self.recheck_queue:
            return
        self._check_missing(variants)
        kept = None if reason is Reason.MODERATED else etag
        older = {
            key: variant
            for key, variant in variants.items()
            if variant and (kept is None or variant.metadata.get(ORIGINAL_ETAG) != kept)
        }
        if not older:
            self._intend_signed_purge(variants)
        self._delete(path, older, etag)

    def _delete(
        self, path: str, variants: dict[str, objects.StoredObject], etag: str | None
    ) -> None:
        if variants:
            self._announce(path, list(variants))
        for key, variant in variants.items():
            objects.delete_if_match(self.s3, self.images_bucket, key, etag=variant.etag)
            self._check_original(path, etag)

    def _check_missing(self, variants: Variants) -> None:
        """Start over (ConflictError) if a variant that was not seen is there: it would stay."""
        for key, variant in variants.items():
            if variant is None and objects.find(self.s3, self.images_bucket, key) is not None:
                raise ConflictError("a variant has appeared meanwhile")

    def _check_original(self, path: str, etag: str | None) -> None:
        """Start over (ConflictError) unless the original still is what the work was based on."""
        now = objects.find(self.s3, self.originals_bucket, keys.original_key(path))
        if (now.etag if now else None) != etag:
            raise ConflictError("the original changed meanwhile")
