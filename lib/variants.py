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
from lib.aws.patience import CALL_SECONDS
from lib.checks import LaterChecks
from lib.content import ContentCheck
from lib.deadline import UNLIMITED, Deadline
from lib.delivery import Delivery
from lib.errors import ConflictError, PermanentError, Reason, TransientError
from lib.metadata import ORIGINAL_ETAG
from lib.provenance import Provenance
from lib.purge_queue import PurgeQueue
from lib.sizes import Size
from lib.turns import Turns

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Being beaten needs another writer of the very same path within milliseconds. Five times in a
# row means that somebody is hammering it: let the queue space the tries out.
MAX_ROUNDS = 5


# The variants of one path as they are stored, one for each format of the size, by key.
Variants = dict[str, objects.StoredObject | None]


@dataclass(frozen=True)
class Outcome:
    """How a path ended: its variant was rendered, found current, removed, or was never there."""

    action: Literal["rendered", "current", "removed", "absent"]
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass(frozen=True)
class Renderer:
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
    delivery: Delivery
    max_bytes: int
    turns: Turns
    purges: PurgeQueue | None = None
    checks: LaterChecks | None = None
    content: ContentCheck | None = None
    trying: Callable[[str, str], AbstractContextManager[None]] | None = None

    def bring_up_to_date(self, path: str, deadline: Deadline = UNLIMITED) -> Outcome:
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

    def _attempt(self, path: str, places: list[str], deadline: Deadline) -> Outcome:
        variants = {key: objects.head(self.s3, self.images_bucket, key) for key in places}
        original = objects.get(
            self.s3,
            self.originals_bucket,
            keys.original_key(path),
            unless_etag=self._provenance.original(list(variants.values())),
        )
        if isinstance(original, objects.NotModified):
            if self._was_written_again(variants, original):
                self._intend_signed_purge(variants)
            return Outcome("current")
        if original is None:
            return self._removed(path, variants)
        with self.trying(path, original.etag) if self.trying else nullcontext():
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
        return Outcome("rendered", original.length, bytes_out)

    def _rendered(
        self,
        path: str,
        variants: Variants,
        original: objects.Download,
        deadline: Deadline,
    ) -> list[images.Rendition]:
        try:
            with self.turns.holding(min(original.length, self.max_bytes)):
                data = original.read(
                    max_bytes=self.max_bytes, seconds=deadline.left() - CALL_SECONDS
                )
                turn = partial(self._turn, deadline)
                focus = (
                    self.content.look(path, original.etag, data, self.size, turn)
                    if self.content
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
        with self.turns.rendering():
            deadline.check()
            yield

    @cached_property
    def _provenance(self) -> Provenance:
        return Provenance(self.size, self.delivery)

    def _looks_else(self, variant: objects.StoredObject | None, etag: str) -> bool:
        """Whether it shows another picture than it will. One that is only stored otherwise does
        not: the CDN's copy of it may stay, and purges cost money.
        """
        return variant is not None and not self._provenance.shows(variant, etag)

    def _has_first(self, variants: Variants, stale: Iterable[str]) -> bool:
        """Whether one is written where there was none.

        Nothing tells of an original that was replaced before that: only signed pictures show it.
        """
        return any(variants[key] is None for key in stale)

    def _was_written_again(self, variants: Variants, original: objects.NotModified) -> bool:
        """Whether the original may have been another one since the variants were written.

        A worker is told so by the event of the last upload, a visitor causes nothing.
        """
        return not self.checks and any(
            variant and (original.modified is None or variant.modified <= original.modified)
            for variant in variants.values()
        )

    def _announce(self, path: str, changed: list[str]) -> None:
        """Queue before a write what has to follow it: who dies after it cannot do so any more."""
        self._ask_for_check(path)
        self._intend_purge(changed)

    def _ask_for_check(self, path: str) -> None:
        if self.checks:
            self.checks.ask(path)

    def _intend_purge(self, changed: list[str]) -> None:
        if self.purges and changed:
            self.purges.intend(changed)

    def _intend_signed_purge(self, places: Iterable[str]) -> None:
        """As `_intend_purge`, where the CDN has nothing but signed pictures of another original."""
        if self.purges and self.purges.signed:
            self.purges.intend(places, signed_only=True)

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
            cache_control=self.delivery.cache_control,
            acl=self.delivery.acl,
            metadata=self._provenance.metadata(etag, rendition),
            etag=variant.etag if variant else None,
        )

    def _removed(self, path: str, variants: Variants) -> Outcome:
        self._check_missing(variants)
        there = {key: variant for key, variant in variants.items() if variant}
        if not there and not self.checks:
            self._intend_signed_purge(variants)
        self._delete(path, there, None)
        return Outcome("removed" if there else "absent")

    def _leave_nothing_older(
        self, path: str, variants: Variants, etag: str, reason: Reason
    ) -> None:
        """Remove what was made from an older original than this one, which cannot be rendered.

        Where it must not be shown, what was made from it before anybody looked goes too. One that
        works outside of a queue leaves all this to the worker that is to park it.
        """
        self._check_original(path, etag)
        if self.checks:
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
