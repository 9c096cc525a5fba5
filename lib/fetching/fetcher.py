"""One order carried out: from the web into the originals bucket, and only while it is wanted.

A later order for the path and a deletion win. So the mark is looked at before the download,
again when all has come and nothing is to be seen of it yet, and once more after the write; what
was called off in that very moment is taken back.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Literal, NamedTuple

from lib import keys
from lib.aws import s3 as objects
from lib.errors import (
    ConflictError,
    FanoutError,
    PermanentError,
    Reason,
    TransientError,
    UnknownOutcomeError,
)
from lib.fetching.download import Downloader
from lib.fetching.jobs import FetchJob
from lib.fetching.records import FailedFetchRecord, FetchRecords, StoredFetchRecord

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Name of the metadata by which an order knows an original as its own (x-amz-meta-*).
JOB_ID = "fetch-order"
# What servers say of a file they know nothing of. The renderer goes by the bytes.
_ANY = "application/octet-stream"
_UNKNOWN = {"", _ANY, "binary/octet-stream"}
# Enough of a wrong type to recognize it by.
_SHOWN = 60


class FetchResult(NamedTuple):
    """How an order ended well; `length` is of what was downloaded now, in bytes."""

    action: Literal["fetched", "present", "cancelled"]
    length: int = 0


class _CancelledError(FanoutError):
    """The order is not wanted any more."""


@dataclass(frozen=True)
class Fetcher:
    """Carries orders out for one stack; `content_types` are those that may be uploaded."""

    s3: "S3Client"
    originals_bucket: str
    records: FetchRecords
    downloader: Downloader
    content_types: list[str]

    def run(self, order: FetchJob, seconds: float) -> FetchResult:
        """Bring what the order asks for; the download may take so many seconds.

        Raises PermanentError and TransientError, unless the order is not wanted any more.
        """
        try:
            return self._carry_out(order, seconds)
        except _CancelledError:
            self._take_back(order)
            return FetchResult("cancelled")

    def record(self, order: FetchJob, failure: FailedFetchRecord) -> None:
        """Say in place of the mark why the order failed, if it is still the path's last one."""
        found = self.records.read(order.path)
        if found is not None and found.wants(order.id):
            failure = failure.model_copy(update={"original": self._etag_of(order)})
            with suppress(ConflictError):  # a later word has come
                self.records.put_if_match(order.path, found.etag, failure)

    def _etag_of(self, order: FetchJob) -> str | None:
        """ETag of what is at the path now, as `FailedMark` has it."""
        try:
            there = objects.head(self.s3, self.originals_bucket, keys.original_key(order.path))
        except TransientError:
            return None
        return there.etag if there else ""

    def _carry_out(self, order: FetchJob, seconds: float) -> FetchResult:
        self._check_wanted(order)
        try:
            outcome = self._bring(order, seconds)
        except UnknownOutcomeError:
            raise  # even one that was called off: the next try sees whether it has landed
        except (PermanentError, TransientError):
            self._check_wanted(order)  # what is not wanted any more does not fail
            raise
        found = self._check_wanted(order)
        try:
            self.records.delete_if_match(order.path, found.etag)
        except ConflictError as error:
            raise _conflict() from error
        return outcome

    def _check_wanted(self, order: FetchJob) -> StoredFetchRecord:
        found = self.records.read(order.path)
        if found is None or not found.wants(order.id):
            raise _CancelledError
        return found

    def _bring(self, order: FetchJob, seconds: float) -> FetchResult:
        there = self._look(order)
        if _is_of(order, there):
            return FetchResult("present")
        try:
            return self._write(order, seconds, there.etag if there else None)
        except ConflictError as error:
            if _is_of(order, self._look(order)):
                return FetchResult("present")
            raise _conflict() from error

    def _look(self, order: FetchJob) -> objects.StoredObject | None:
        """The original as it is now; PermanentError where it is another's, and is to stay."""
        there = objects.head(self.s3, self.originals_bucket, keys.original_key(order.path))
        if there and not order.overwrite and not _is_of(order, there):
            raise PermanentError(
                Reason.PATH_TAKEN,
                f"there is a photo at {keys.escaped(order.path)!r}: order with overwrite: true "
                "to replace it",
            )
        return there

    def _write(self, order: FetchJob, seconds: float, replaces: str | None) -> FetchResult:
        # On disk, and without a name: however the file comes, it takes no memory, and it is gone
        # with the process however that ends.
        with _new_file() as file:
            with self.downloader.stream(order.url, seconds) as answer:
                content_type = self._stored_type(answer.content_type)
                length = _keep(answer.chunks, file)
            self._check_wanted(order)
            objects.put_if_match(
                self.s3,
                self.originals_bucket,
                keys.original_key(order.path),
                file,
                content_type=content_type,
                metadata={JOB_ID: order.id},
                etag=replaces,
            )
        return FetchResult("fetched", length)

    def _stored_type(self, said: str) -> str:
        if said in _UNKNOWN:
            return _ANY
        if said not in self.content_types:
            raise PermanentError(
                Reason.UNSUPPORTED,
                f"the file is said to be {said[:_SHOWN]!r}; fetched are "
                f"{', '.join(self.content_types)}",
            )
        return said

    def _take_back(self, order: FetchJob) -> None:
        """Remove what the order may have written after it was called off, and the note of that."""
        found = self.records.read(order.path)
        if found is None or found.record.id != order.id or not found.is_cancelled:
            return
        key = keys.original_key(order.path)
        there = objects.head_confirmed(self.s3, self.originals_bucket, key)
        with suppress(ConflictError):  # a new photo, or a new order, is not ours to remove
            if there is not None and _is_of(order, there):
                objects.delete_if_match(self.s3, self.originals_bucket, key, etag=there.etag)
            self.records.delete_if_match(order.path, found.etag)


def _new_file() -> IO[bytes]:
    with _on_disk():
        return TemporaryFile()


def _keep(chunks: Iterator[bytes], file: IO[bytes]) -> int:
    """Write all chunks to a file and go back to its start; how many bytes they were.

    TransientError where the disk is full: of another container it may not be.
    """
    length = 0
    for chunk in chunks:
        with _on_disk():
            file.write(chunk)
        length += len(chunk)
    with _on_disk():
        file.seek(0)
    return length


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TransientError("disk_full", f"the photo cannot be kept on disk: {error}") from error


def make_failed_record(
    order: FetchJob, error: PermanentError | TransientError, attempts: int, began_at: datetime
) -> FailedFetchRecord:
    """The record of an order that was given up on."""
    return FailedFetchRecord(
        id=order.id,
        reason=error.reason,
        error=str(error),
        attempts=attempts,
        began_at=began_at,
        failed_at=datetime.now(UTC),
    )


def _is_of(order: FetchJob, there: objects.StoredObject | None) -> bool:
    return there is not None and there.metadata.get(JOB_ID) == order.id


def _conflict() -> TransientError:
    return TransientError("conflict", "somebody else wrote to the path at the same time")
