"""Reconciles one path's variants of one size with the current original.

The reconciler reads the stored state, not the event: a variant's metadata name its original and its
recipe. Every write is conditional on that state and checked afterwards. So duplicate events,
reordered events and parallel workers all end with variants of the current original.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

from lib import images, keys
from lib.aws import s3 as objects
from lib.aws.call_budget import CALL_SECONDS
from lib.aws.clients import S3Client
from lib.errors import ConflictError, PermanentError, Reason, TransientError
from lib.keys import Originals
from lib.pipeline.deadline import UNLIMITED, Deadline
from lib.pipeline.focus import read_focus
from lib.pipeline.invalidation_queue import InvalidationQueue
from lib.pipeline.metadata_keys import ORIGINAL_ETAG
from lib.pipeline.put_options import PutOptions
from lib.pipeline.rechecks import RecheckQueue
from lib.pipeline.render_slots import RenderSlots
from lib.pipeline.variant_metadata import VariantMetadata
from lib.rekognition import ImageAnalyzer
from lib.sizes import Size

# A conflict needs another writer of the same path within milliseconds. Five in a row mean constant
# writes: the queue then spaces the attempts out.
MAX_ROUNDS = 5
# The stored variants of one path by key, one for each format of the size.
Variants = dict[str, objects.StoredObject | None]


@dataclass(frozen=True)
class ReconcileResult:
    """The result for a path.

    `absent`: neither original nor variant existed; `skipped`: the size is of other photos, and
    nothing was read.
    """

    action: Literal["rendered", "current", "removed", "absent", "skipped"]
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass(frozen=True)
class VariantReconciler:
    """Reconciles the variants of one size.

    `invalidation_queue` is None without a CDN. `recheck_queue` and `record_attempt` are for callers
    outside of a queue: no redelivery follows if such a caller is stopped between a write and its
    check, and no receive count stops repeated attempts at a photo that stops its function.
    `record_attempt` takes path and ETag; its context surrounds the rendering.
    """

    s3: S3Client
    size: Size
    originals: Originals
    images_bucket: str
    put_options: PutOptions
    max_bytes: int
    render_slots: RenderSlots
    invalidation_queue: InvalidationQueue | None = None
    recheck_queue: RecheckQueue | None = None
    image_analyzer: ImageAnalyzer | None = None
    record_attempt: Callable[[str, str], AbstractContextManager[None]] | None = None
    watermark: images.WatermarkImage | None = None

    def reconcile(self, path: str, deadline: Deadline = UNLIMITED) -> ReconcileResult:
        """Renders, keeps or deletes a path's variants; safe to repeat and to interrupt.

        If the size is of other photos, it deletes the variants, whatever the original is.

        Raises PermanentError if the original cannot be rendered, after it deletes variants of an
        older original; TransientError if a retry may succeed; NoTimeError if the deadline is near.
        """
        try:
            variant_keys = self._list_keys(path)
        except PermanentError:
            if self.size.applies_to(path):
                raise
            return ReconcileResult("absent")
        for _ in range(MAX_ROUNDS):
            try:
                return self._attempt(path, variant_keys, deadline)
            except ConflictError:
                continue
        raise TransientError(
            "contended",
            f"beaten {MAX_ROUNDS} times by other writers of {keys.escaped(variant_keys[0])}",
        )

    def skip(self, path: str) -> ReconcileResult:
        """Acknowledges an upload to a path that the size is not made of; sends S3 no request.

        Signed images of the photo may be cached, and it may be the photo of no size at all.
        """
        with suppress(PermanentError):
            self._queue_signed_invalidation(self._list_keys(path))
        return ReconcileResult("skipped")

    def _list_keys(self, path: str) -> list[str]:
        return [keys.variant_key(folder, path) for folder in self.size.folders]

    def _attempt(self, path: str, variant_keys: list[str], deadline: Deadline) -> ReconcileResult:
        variants = {key: objects.head(self.s3, self.images_bucket, key) for key in variant_keys}
        if not self.size.applies_to(path):
            return self._remove(path, variants)
        original = self._get_original(path, variants)
        if isinstance(original, objects.NotModified):
            if self._was_written_again(variants, original):
                self._queue_signed_invalidation(variants)
            return ReconcileResult("current")
        if original is None:
            return self._remove(path, variants)
        source = self._variant_metadata.source_of(original)
        with self.record_attempt(path, source) if self.record_attempt else nullcontext():
            renditions = self._render(path, variants, original, deadline)
        stale = {
            key: rendition
            for key, rendition in zip(variants, renditions, strict=True)
            if not self._variant_metadata.is_current(variants[key], source)
        }
        changed = [
            key
            for key, rendition in stale.items()
            if self._has_other_bytes(variants[key], original, rendition)
        ]
        self._queue_follow_ups(path, changed)
        if not changed and self._may_hide_another(variants, stale, source):
            self._queue_signed_invalidation(variants)
        # The size's own format comes last: the CDN serves it in place of a missing format, and
        # would cache it there.
        for key, rendition in reversed(stale.items()):
            self._put(key, variants[key], rendition, source)
            self._check_original(path, source)
        bytes_out = sum(len(rendition.data) for rendition in renditions)
        return ReconcileResult("rendered", original.length, bytes_out)

    def _get_original(
        self, path: str, variants: Variants
    ) -> objects.Download | objects.NotModified | None:
        """Returns the original, NotModified if all variants are current, None if there is none."""
        bucket, key = self.originals.bucket, self.originals.key(path)
        source = self._variant_metadata.find_common_source(list(variants.values()))
        if source is None or not self.size.has_focus:
            return objects.get(self.s3, bucket, key, unless_etag=source)
        # A conditional GET would return no metadata, and so not tell of another focal point.
        stored = objects.head(self.s3, bucket, key)
        if stored and self._variant_metadata.source_of(stored) == source:
            return objects.NotModified(stored.etag, stored.modified)
        return objects.get(self.s3, bucket, key)

    def _render(
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
                render_slot = partial(self._acquire_render_slot, deadline)
                focus = read_focus(original.metadata) if self.size.has_focus else None
                if self.image_analyzer:
                    size = self.size
                    if focus:  # then faces are not needed
                        size = size.model_copy(update={"fallback": "center"})
                    found = self.image_analyzer.analyze(
                        path, original.etag, data, size, render_slot
                    )
                    focus = focus or found
                with render_slot():
                    return images.render_all(data, self.size, focus, self.watermark)
        except PermanentError as error:
            self._delete_older(path, variants, original, error.reason)
            raise
        except MemoryError as error:
            raise TransientError(
                "out_of_memory",
                f"rendering {original.length:,} bytes took more memory than the function has: "
                "give the size more memory in sizes.yml, or replay when less runs beside it",
            ) from error

    @contextmanager
    def _acquire_render_slot(self, deadline: Deadline) -> Iterator[None]:
        """Reserves the processor for the block; raises NoTimeError without enough time."""
        with self.render_slots.acquire():
            deadline.check()
            yield

    @cached_property
    def _variant_metadata(self) -> VariantMetadata:
        return VariantMetadata(self.size, self.put_options)

    def _has_other_bytes(
        self,
        variant: objects.StoredObject | None,
        original: objects.Download,
        rendition: images.Rendition,
    ) -> bool:
        """Returns whether rewriting the variant will change its bytes.

        If only its metadata or put options are stale, the CDN's copy may stay: invalidations cost
        money.
        """
        source = self._variant_metadata.source_of(original)
        if variant is None or self._variant_metadata.matches(variant, source):
            return False
        has_same_original = variant.metadata.get(ORIGINAL_ETAG) == original.etag
        return not (has_same_original and objects.has_md5(variant, rendition.data))

    def _may_hide_another(self, variants: Variants, stale: Iterable[str], source: str) -> bool:
        """Returns whether signed images may show an older original, though no variant changes.

        A variant that does not exist yet has no metadata that shows whether the original was
        replaced. One of another source or recipe may be of an original that was replaced and
        restored.
        """
        return any(not self._variant_metadata.matches(variants[key], source) for key in stale)

    def _was_written_again(self, variants: Variants, original: objects.NotModified) -> bool:
        """Returns whether other originals may have existed since the variants were written.

        Always False outside of a queue: the event of the last upload reaches a worker.
        """
        return not self.recheck_queue and any(
            variant and (original.modified is None or variant.modified <= original.modified)
            for variant in variants.values()
        )

    def _queue_follow_ups(self, path: str, changed: list[str]) -> None:
        """Queues recheck and invalidation before a write: a worker killed after it could not."""
        self._queue_recheck(path)
        self._queue_invalidation(changed)

    def _queue_recheck(self, path: str) -> None:
        if self.recheck_queue:
            self.recheck_queue.send(path)

    def _queue_invalidation(self, changed: list[str]) -> None:
        if self.invalidation_queue and changed:
            self.invalidation_queue.send(changed)

    def _queue_signed_invalidation(self, variant_keys: Iterable[str]) -> None:
        if self.invalidation_queue and self.invalidation_queue.signed:
            self.invalidation_queue.send(variant_keys, signed_only=True)

    def _put(
        self,
        key: str,
        variant: objects.StoredObject | None,
        rendition: images.Rendition,
        source: str,
    ) -> None:
        objects.put_if_match(
            self.s3,
            self.images_bucket,
            key,
            rendition.data,
            content_type=rendition.content_type,
            cache_control=self.put_options.cache_control,
            acl=self.put_options.acl,
            metadata=self._variant_metadata.build(source, rendition),
            etag=variant.etag if variant else None,
        )

    def _remove(self, path: str, variants: Variants) -> ReconcileResult:
        self._check_missing(variants)
        stored = {key: variant for key, variant in variants.items() if variant}
        if not stored and not self.recheck_queue:
            self._queue_signed_invalidation(variants)
        self._delete(path, stored, None)
        return ReconcileResult("removed" if stored else "absent")

    def _delete_older(
        self, path: str, variants: Variants, original: objects.Download, reason: Reason
    ) -> None:
        """Deletes variants of older originals than this one, which cannot be rendered.

        After moderation rejects the original, deletes its own earlier variants too. Outside of a
        queue, the worker that sends the dead letter does all this.
        """
        source = self._variant_metadata.source_of(original)
        self._check_original(path, source)
        if self.recheck_queue:
            return
        self._check_missing(variants)
        deletes_all = reason is Reason.MODERATED
        older = {
            key: variant
            for key, variant in variants.items()
            if variant and (deletes_all or self._variant_metadata.find_source(variant) != source)
        }
        if not older:
            self._queue_signed_invalidation(variants)
        self._delete(path, older, source)

    def _delete(
        self, path: str, variants: dict[str, objects.StoredObject], source: str | None
    ) -> None:
        if variants:
            self._queue_follow_ups(path, list(variants))
        for key, variant in variants.items():
            objects.delete_if_match(self.s3, self.images_bucket, key, etag=variant.etag)
            self._check_original(path, source)

    def _check_missing(self, variants: Variants) -> None:
        """Raises ConflictError if a variant that `head` did not return exists: it would stay."""
        for key, variant in variants.items():
            if (
                variant is None
                and objects.head_confirmed(self.s3, self.images_bucket, key) is not None
            ):
                raise ConflictError("a variant has appeared meanwhile")

    def _check_original(self, path: str, source: str | None) -> None:
        """Raises ConflictError unless the original is still this source (None: is absent).

        Whatever the original is, a size of other photos has no variant of it.
        """
        if not self.size.applies_to(path):
            return
        original = objects.head_confirmed(self.s3, self.originals.bucket, self.originals.key(path))
        if (self._variant_metadata.source_of(original) if original else None) != source:
            raise ConflictError("the original changed meanwhile")
