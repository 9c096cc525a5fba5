"""Runs a fetch job: downloads a photo into the originals bucket, unless the job was cancelled.

A later job for the path and a deletion take precedence. So the worker reads the fetch record before
the download, before the write and after it, and deletes what it wrote if the job was cancelled
during the write.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, Literal, NamedTuple

from lib import keys
from lib.aws import s3 as objects
from lib.aws.clients import S3Client
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
from lib.keys import Originals
from lib.pipeline.focus import focus_metadata
from lib.upload_types import UNKNOWN_TYPES, explain_rejection

# The original's metadata that holds the id of the job that wrote it (x-amz-meta-*).
JOB_ID = "fetch-order"
# Servers send these for files of unknown type. The renderer detects the type from the bytes.
_DEFAULT_TYPE = "application/octet-stream"


class FetchResult(NamedTuple):
    """Outcome of a job that did not fail; `length` is the bytes downloaded by this attempt."""

    action: Literal["fetched", "present", "cancelled"]
    length: int = 0


class _CancelledError(FanoutError):
    """The job was cancelled, or a later one replaced it."""


@dataclass(frozen=True)
class Fetcher:
    """Runs the fetch jobs of one stack; `content_types` are the allowed ones."""

    s3: S3Client
    originals: Originals
    records: FetchRecords
    downloader: Downloader
    content_types: list[str]

    def run(self, job: FetchJob, seconds: float) -> FetchResult:
        """Fetches the job's photo; the download may take `seconds`.

        Raises PermanentError and TransientError, unless the job was cancelled.
        """
        self.originals.check(job.path)
        try:
            return self._run(job, seconds)
        except _CancelledError:
            self._undo(job)
            return FetchResult("cancelled")

    def record(self, job: FetchJob, failure: FailedFetchRecord) -> None:
        """Replaces the fetch record by a failure, if the job is still the path's latest."""
        found = self.records.read(job.path)
        if found is not None and found.allows(job.id):
            failure = failure.model_copy(update={"original": self._find_etag(job)})
            with suppress(ConflictError):  # a later job or a cancellation replaced the record
                self.records.put_if_match(job.path, found.etag, failure)

    def _find_etag(self, job: FetchJob) -> str | None:
        """Returns the original's current ETag, as `FailedFetchRecord.original` holds it."""
        try:
            original = objects.head(self.s3, self.originals.bucket, self.originals.key(job.path))
        except TransientError:
            return None
        return original.etag if original else ""

    def _run(self, job: FetchJob, seconds: float) -> FetchResult:
        self._require_not_cancelled(job)
        try:
            result = self._fetch(job, seconds)
        except UnknownOutcomeError:
            raise  # even if cancelled: the next attempt reads whether the write took effect
        except (PermanentError, TransientError):
            self._require_not_cancelled(job)  # a cancelled job does not fail
            raise
        found = self._require_not_cancelled(job)
        try:
            self.records.delete_if_match(job.path, found.etag)
        except ConflictError as error:
            raise _conflict_error() from error
        return result

    def _require_not_cancelled(self, job: FetchJob) -> StoredFetchRecord:
        found = self.records.read(job.path)
        if found is None or not found.allows(job.id):
            raise _CancelledError
        return found

    def _fetch(self, job: FetchJob, seconds: float) -> FetchResult:
        original = self._find_replaceable(job)
        if _was_written_by(job, original):
            return FetchResult("present")
        try:
            return self._download(job, seconds, original.etag if original else None)
        except ConflictError as error:
            if _was_written_by(job, self._find_replaceable(job)):
                return FetchResult("present")
            raise _conflict_error() from error

    def _find_replaceable(self, job: FetchJob) -> objects.StoredObject | None:
        """Returns the path's original; PermanentError if the job may not replace it."""
        original = objects.head(self.s3, self.originals.bucket, self.originals.key(job.path))
        if original and not job.overwrite and not _was_written_by(job, original):
            raise PermanentError(
                Reason.PATH_TAKEN,
                f"there is a photo at {keys.escaped(job.path)!r}: fetch with overwrite: true to "
                "replace it",
            )
        return original

    def _download(self, job: FetchJob, seconds: float, etag: str | None) -> FetchResult:
        # An unnamed file on disk takes no memory, and the system deletes it with the process.
        with _map_disk_errors(), TemporaryFile() as file:
            with self.downloader.stream(job.url, seconds) as response:
                content_type = self._get_allowed_type(response.content_type)
                length = _write_chunks(response.chunks, file)
            self._require_not_cancelled(job)
            objects.put_if_match(
                self.s3,
                self.originals.bucket,
                self.originals.key(job.path),
                file,
                content_type=content_type,
                metadata={JOB_ID: job.id, **focus_metadata(job.focus)},
                etag=etag,
            )
        return FetchResult("fetched", length)

    def _get_allowed_type(self, content_type: str) -> str:
        if content_type in UNKNOWN_TYPES:
            return _DEFAULT_TYPE
        if content_type not in self.content_types:
            raise PermanentError(
                Reason.UNSUPPORTED,
                f"the server's Content-Type {explain_rejection(content_type, self.content_types)}",
            )
        return content_type

    def _undo(self, job: FetchJob) -> None:
        """Deletes what a cancelled job may have written, then the record of the cancellation."""
        found = self.records.read(job.path)
        if found is None or found.record.id != job.id or not found.is_cancelled:
            return
        key = self.originals.key(job.path)
        original = objects.head_confirmed(self.s3, self.originals.bucket, key)
        with suppress(ConflictError):  # a new original or a new job stays
            if original is not None and _was_written_by(job, original):
                objects.delete_if_match(self.s3, self.originals.bucket, key, etag=original.etag)
            self.records.delete_if_match(job.path, found.etag)


def _write_chunks(chunks: Iterator[bytes], file: IO[bytes]) -> int:
    """Writes all chunks to a file and rewinds it; returns the number of bytes."""
    length = 0
    for chunk in chunks:
        length += file.write(chunk)
    file.seek(0)
    return length


@contextmanager
def _map_disk_errors() -> Iterator[None]:
    """Raises TransientError for a full disk: another container's may have space."""
    try:
        yield
    except OSError as error:
        raise TransientError(
            "disk_full", f"the photo cannot be written to disk: {error}"
        ) from error


def make_failed_record(
    job: FetchJob, error: PermanentError | TransientError, attempts: int, began_at: datetime
) -> FailedFetchRecord:
    """Builds the record of a failed job."""
    return FailedFetchRecord(
        id=job.id,
        reason=error.reason,
        error=str(error),
        attempts=attempts,
        began_at=began_at,
        failed_at=datetime.now(UTC),
    )


def _was_written_by(job: FetchJob, original: objects.StoredObject | None) -> bool:
    return original is not None and original.metadata.get(JOB_ID) == job.id


def _conflict_error() -> TransientError:
    return TransientError("conflict", "another request wrote to the path at the same time")
