"""What should be there against what is: one size's originals beside its variants.

S3 lists keys in order, so the listings are merged as they come: a million originals take no more
memory than a thousand. Nothing is written here; workers mend what they are asked to look at.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from lib import keys
from lib.aws import s3 as objects
from lib.aws.error_mapping import map_access_denied
from lib.concurrency import map_concurrently, merge_sorted
from lib.errors import PermanentError
from lib.pipeline.failure_records import FailureRecords
from lib.pipeline.put_options import PutOptions
from lib.pipeline.variant_metadata import VariantMetadata
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

State = Literal["current", "missing", "stale", "orphaned", "failed"]
# What a worker mends when it looks; what failed is a dead letter, which is replayed.
REPAIRABLE: tuple[State, ...] = ("missing", "stale", "orphaned")
# Paths whose metadata are read at once. A HEAD takes some 20 ms: about 1,500 a second, a quarter
# of what S3 serves below one prefix, so that the site does not feel it.
ABREAST = 32
# Rows that are compared before those of them that need it are looked at: a page of S3's.
_PAGE = 1000


class AuditEntry(NamedTuple):
    """What became of a path at the size."""

    path: str
    state: State


class Row(NamedTuple):
    """What the listings tell about one path; `variants` has a place for each of the formats."""

    path: str
    original: objects.ListedObject | None
    variants: list[objects.ListedObject | None]
    failure: objects.ListedObject | None


@dataclass(frozen=True)
class Auditor:
    """Compares one size's variants with the originals."""

    s3: "S3Client"
    size: Size
    put_options: PutOptions
    originals_bucket: str
    images_bucket: str
    failures_bucket: str

    def compare(
        self, *, prefix: str = "", after: str = "", deep: bool = False
    ) -> Iterator[AuditEntry]:
        """Every path below `prefix` that comes behind `after`, in order, with its state.

        Stale is what was made from another original, by another recipe or for another delivery:
        what a worker would render again. `deep` looks for it in each variant's metadata (a HEAD
        each), else only variants that are older than their original are looked at. Paths that no
        worker renders, such as folder markers, are left out.
        """
        rows = self._rows(prefix, after)
        states = (
            map_concurrently(rows, self._looked_at, max_workers=ABREAST)
            if deep
            else self._listed(rows)
        )
        for path, state in states:
            if state is not None:
                yield AuditEntry(path, state)

    def _rows(self, prefix: str, after: str) -> Iterator[Row]:
        folders = [(self.originals_bucket, keys.ORIGINALS)]
        folders += [(self.images_bucket, f"{folder}/") for folder in self.size.folders]
        folders += [(self.failures_bucket, f"{self.size.name}/")]
        streams = [self._listing(bucket, folder, prefix, after) for bucket, folder in folders]
        longest = max(self.size.folders, key=len)
        for path, (original, *variants, failure) in merge_sorted(streams):
            if _has_place(path, longest):
                yield Row(path, original, variants, failure)

    def _listing(
        self, bucket: str, folder: str, prefix: str, after: str
    ) -> Iterator[tuple[str, objects.ListedObject]]:
        start = folder + after if after else ""
        for found in objects.list_objects(self.s3, bucket, folder + prefix, after=start):
            yield found.key.removeprefix(folder), found

    def _listed(self, rows: Iterator[Row]) -> Iterator[tuple[str, State | None]]:
        """States by the listings, as far as these can tell; a page of rows in memory."""
        while page := list(islice(rows, _PAGE)):
            older = map_concurrently(filter(_is_older, page), self._looked_at, max_workers=ABREAST)
            for row in page:
                yield next(older) if _is_older(row) else (row.path, classify_by_listing(row))

    def _looked_at(self, row: Row) -> tuple[str, State | None]:
        with map_access_denied("read the variants' metadata"):
            state = classify(
                row,
                up_to_date=lambda original: self._is_up_to_date(row.path, original.etag),
                failed=lambda original: self._has_failed(row, original),
            )
        return row.path, state

    def _is_up_to_date(self, path: str, etag: str) -> bool:
        places = (keys.variant_key(folder, path) for folder in self.size.folders)
        return all(
            self._provenance.is_current(objects.head(self.s3, self.images_bucket, key), etag)
            for key in places
        )

    @cached_property
    def _provenance(self) -> VariantMetadata:
        return VariantMetadata(self.size, self.put_options)

    def _has_failed(self, row: Row, original: objects.ListedObject) -> bool:
        if row.failure is None:
            return False
        records = FailureRecords(self.s3, self.failures_bucket, self.size.name)
        record = records.read(row.path)
        return record is not None and record.is_about(original.modified)


def _has_place(path: str, folder: str) -> bool:
    """Whether a worker may store a variant of this path in this folder."""
    try:
        keys.variant_key(folder, path)
    except PermanentError:
        return False
    return True


def _is_older(row: Row) -> bool:
    """Whether a variant is older than its original, which may be of the same bytes all the same."""
    original = row.original
    return original is not None and any(v.modified < original.modified for v in row.variants if v)


def classify_by_listing(row: Row) -> State | None:
    """The state as far as the listings tell it; None where nothing is there or to be made."""
    return classify(
        row,
        up_to_date=lambda _: not _is_older(row),
        failed=lambda original: (
            row.failure is not None and row.failure.modified >= original.modified
        ),
    )


_Asked = Callable[[objects.ListedObject], bool]


def classify(row: Row, *, up_to_date: _Asked, failed: _Asked) -> State | None:
    """The state of a path; what is asked about its original is asked only where it decides.

    Nothing can be made from an empty original: without a variant all is well with it.
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


def list_orphan_folders(s3: "S3Client", images_bucket: str, sizes: list[Size]) -> list[str]:
    """Folders of the images bucket that belong to none of the sizes, nor to their formats.

    No deploy deletes the variants in them: they cost storage and stay readable.
    """
    deployed = {folder for size in sizes for folder in size.folders}
    return [name for name in objects.list_folders(s3, images_bucket) if name not in deployed]


def list_orphan_paths(
    s3: "S3Client", images_bucket: str, folder: str, *, prefix: str = ""
) -> Iterator[str]:
    """The paths below `prefix` that such a folder has a variant of, in order."""
    for found in objects.list_objects(s3, images_bucket, f"{folder}/{prefix}"):
        yield found.key.removeprefix(f"{folder}/")
