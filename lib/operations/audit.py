"""Compares the originals with one size's variants.

S3 lists keys in order, so that the listings are merged as a stream: a million originals take no
more memory than a thousand. The audit writes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal, NamedTuple

from lib import keys
from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.aws.error_mapping import map_access_denied
from lib.concurrency import map_concurrently, merge_sorted
from lib.errors import PermanentError
from lib.keys import Originals
from lib.pipeline.failure_records import FailureRecords
from lib.pipeline.put_options import PutOptions
from lib.pipeline.variant_metadata import VariantMetadata
from lib.sizes import Size

State = Literal["current", "missing", "stale", "orphaned", "failed"]
# States that a recheck repairs; a failed path has a dead letter, which is replayed instead.
REPAIRABLE: tuple[State, ...] = ("missing", "stale", "orphaned")
# Threads that read metadata. A HEAD takes some 20 ms: about 1,500 a second, a quarter of what S3
# serves below one prefix, which leaves enough for the site.
MAX_WORKERS = 32
# Rows compared before the metadata of the doubtful ones is read: one page of an S3 listing.
_PAGE = 1000


class AuditEntry(NamedTuple):
    """State of a path at the size."""

    path: str
    state: State


class Row(NamedTuple):
    """Entries of the listings for one path; `variants` has one item per folder of the size.

    `original` is None, too, if the size is not made of photos at the path.
    """

    path: str
    original: objects.ListedObject | None
    variants: list[objects.ListedObject | None]
    failure: objects.ListedObject | None


@dataclass(frozen=True)
class Auditor:
    """Comparison of one size's variants with the originals."""

    s3: S3Client
    size: Size
    put_options: PutOptions
    originals: Originals
    images_bucket: str
    failures_bucket: str

    def compare(
        self, *, prefix: str = "", after: str = "", deep: bool = False
    ) -> Iterator[AuditEntry]:
        """Yields each path below `prefix` that sorts after `after`, in order, with its state.

        A variant is orphaned without an original, or if the size is not made of photos at its
        path. It is stale if its original, recipe or put options differ. `deep` reads each variant's
        metadata (one HEAD each); without it, only variants older than their original are read.
        Omits paths that no worker renders, such as folder markers.
        """
        rows = self._rows(prefix, after)
        states = (
            map_concurrently(rows, self._classify_by_metadata, max_workers=MAX_WORKERS)
            if deep
            else self._classify_pages(rows)
        )
        for path, state in states:
            if state is not None:
                yield AuditEntry(path, state)

    def _rows(self, prefix: str, after: str) -> Iterator[Row]:
        folders = [(self.originals.bucket, self.originals.prefix)]
        folders += [(self.images_bucket, f"{folder}/") for folder in self.size.folders]
        folders += [(self.failures_bucket, f"{self.size.name}/")]
        streams = [self._list(bucket, folder, prefix, after) for bucket, folder in folders]
        longest = max(self.size.folders, key=len)
        for path, (original, *variants, failure) in merge_sorted(streams):
            if _is_storable(path, longest):
                applies = self.size.applies_to(path)
                yield Row(path, original if applies else None, variants, failure)

    def _list(
        self, bucket: str, folder: str, prefix: str, after: str
    ) -> Iterator[tuple[str, objects.ListedObject]]:
        start = folder + after if after else ""
        for listed in objects.list_objects(self.s3, bucket, folder + prefix, after=start):
            yield listed.key.removeprefix(folder), listed

    def _classify_pages(self, rows: Iterator[Row]) -> Iterator[tuple[str, State | None]]:
        """Reads the metadata only of variants older than their original; holds a page of rows."""
        while page := list(islice(rows, _PAGE)):
            older = map_concurrently(
                filter(_is_older, page), self._classify_by_metadata, max_workers=MAX_WORKERS
            )
            for row in page:
                yield next(older) if _is_older(row) else (row.path, classify_by_listing(row))

    def _classify_by_metadata(self, row: Row) -> tuple[str, State | None]:
        with map_access_denied("read the variants' metadata"):
            state = classify(
                row,
                up_to_date=lambda original: self._is_up_to_date(row.path, original),
                failed=lambda original: self._has_failed(row, original),
            )
        return row.path, state

    def _is_up_to_date(self, path: str, listed: objects.ListedObject) -> bool:
        source: str | None = listed.etag
        if self.size.has_focus:
            # A listing has no metadata.
            original = objects.head(self.s3, self.originals.bucket, listed.key)
            source = self._variant_metadata.source_of(original) if original else None
        variant_keys = (keys.variant_key(folder, path) for folder in self.size.folders)
        return source is not None and all(
            self._variant_metadata.is_current(
                objects.head(self.s3, self.images_bucket, key), source
            )
            for key in variant_keys
        )

    @cached_property
    def _variant_metadata(self) -> VariantMetadata:
        return VariantMetadata(self.size, self.put_options)

    def _has_failed(self, row: Row, original: objects.ListedObject) -> bool:
        if row.failure is None:
            return False
        records = FailureRecords(self.s3, self.failures_bucket, self.size.name)
        record = records.read(row.path)
        return record is not None and record.is_about(original.modified)


def _is_storable(path: str, folder: str) -> bool:
    try:
        keys.variant_key(folder, path)
    except PermanentError:
        return False
    return True


def _is_older(row: Row) -> bool:
    """Returns whether a variant is older than its original; their bytes may match all the same."""
    original = row.original
    return original is not None and any(v.modified < original.modified for v in row.variants if v)


def classify_by_listing(row: Row) -> State | None:
    """Returns the state that the listings imply; None if nothing exists or is to be rendered."""
    return classify(
        row,
        up_to_date=lambda _: not _is_older(row),
        failed=lambda original: (
            row.failure is not None and row.failure.modified >= original.modified
        ),
    )


_Check = Callable[[objects.ListedObject], bool]


def classify(row: Row, *, up_to_date: _Check, failed: _Check) -> State | None:
    """Returns the state of a path; calls the checks on its original only if they decide it.

    No variant can be rendered from an empty original, so that none is missing.
    """
    if row.original is None:
        return "orphaned" if any(row.variants) else None
    has_all = row.original.length > 0 and all(row.variants)
    if has_all and up_to_date(row.original):
        return "current"
    if failed(row.original):
        return "failed"
    if row.original.length > 0 and not has_all:
        return "missing"
    return "stale" if any(row.variants) else None


def list_orphan_folders(s3: S3Client, images_bucket: str, sizes: list[Size]) -> list[str]:
    """Lists the folders of the images bucket that belong to no size and none of its formats.

    No deploy deletes the variants in them: they cost storage and stay readable.
    """
    deployed = {folder for size in sizes for folder in size.folders}
    return [name for name in objects.list_folders(s3, images_bucket) if name not in deployed]


def list_orphan_paths(
    s3: S3Client, images_bucket: str, folder: str, *, prefix: str = ""
) -> Iterator[str]:
    """Yields the paths below `prefix` of an orphan folder's variants, in order."""
    for listed in objects.list_objects(s3, images_bucket, f"{folder}/{prefix}"):
        yield listed.key.removeprefix(f"{folder}/")
