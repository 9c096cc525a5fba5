"""Deletes the records that status and audit read, once their dead letters are purged."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from lib.aws.clients import S3Client
from lib.aws.error_mapping import map_access_denied
from lib.concurrency import map_concurrently
from lib.dead_letters.letter import DeadLetter, DlqKind
from lib.errors import ConflictError, PermanentError
from lib.fetching.jobs import parse_job
from lib.fetching.records import FetchRecords
from lib.keys import Originals
from lib.pipeline.events import ObjectEvent, parse_records
from lib.pipeline.failure_records import FailureRecords

# As many threads as letters that SQS deletes in one call.
_MAX_WORKERS = 10


@dataclass(frozen=True)
class RecordCleaner:
    """Removal of the records of one DLQ's letters; `name` is that of the `ReplaySource`."""

    s3: S3Client
    failures_bucket: str
    name: str
    kind: DlqKind
    originals: Originals

    def clear(self, letters: Iterable[DeadLetter]) -> None:
        """Deletes the records of these letters, but none of a later failure."""
        clear = {DlqKind.DLQ: self._clear_failures, DlqKind.FETCH: self._clear_fetch_record}.get(
            self.kind
        )
        if clear:
            with map_access_denied("remove failure records"):
                list(map_concurrently(letters, clear, max_workers=_MAX_WORKERS))

    def _clear_failures(self, letter: DeadLetter) -> None:
        records = FailureRecords(self.s3, self.failures_bucket, self.name)
        for path in self._paths(letter):
            with suppress(PermanentError):  # no record can have such a path
                records.clear_until(path, letter.failed_at)

    def _clear_fetch_record(self, letter: DeadLetter) -> None:
        try:
            job = parse_job(letter.body)
        except PermanentError:
            return
        records = FetchRecords(self.s3, self.failures_bucket)
        stored = records.read(job.path)
        if stored is not None and stored.record.id == job.id:
            with suppress(ConflictError):  # a later job has replaced it
                records.delete_if_match(job.path, stored.etag)

    def _paths(self, letter: DeadLetter) -> set[str]:
        """Returns the path of each S3 record: each may have a failure record."""
        try:
            records = parse_records(letter.body)
        except PermanentError:
            records = []
        events = [record for record in records if isinstance(record, ObjectEvent)]
        return {letter.path, *(self.originals.path(event.key) for event in events)} - {""}
