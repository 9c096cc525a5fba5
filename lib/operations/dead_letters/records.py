"""What status and audit say of dead letters: it ends with the letters."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib import keys
from lib.aws.error_mapping import map_access_denied
from lib.concurrency import map_concurrently
from lib.errors import ConflictError, PermanentError
from lib.fetching.jobs import parse_job
from lib.fetching.records import FetchRecords
from lib.operations.dead_letters.letter import DeadLetter, DlqKind
from lib.pipeline.events import ObjectEvent, parse_records
from lib.pipeline.failure_records import FailureRecords

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Letters that are looked at side by side: as many as SQS deletes at once.
_ABREAST = 10


@dataclass(frozen=True)
class RecordCleaner:
    """The records that the letters of one dead-letter queue have left; `name` is the queue's."""

    s3: "S3Client"
    failures_bucket: str
    name: str
    kind: DlqKind

    def clear(self, letters: Iterable[DeadLetter]) -> None:
        """Take away what is recorded of these letters, and nothing of a later failure."""
        clear = {DlqKind.DLQ: self._clear_failures, DlqKind.FETCH: self._clear_order}.get(self.kind)
        if clear:
            with map_access_denied("remove failure records"):
                list(map_concurrently(letters, clear, max_workers=_ABREAST))

    def _clear_failures(self, letter: DeadLetter) -> None:
        records = FailureRecords(self.s3, self.failures_bucket, self.name)
        for path in _paths(letter):
            with suppress(PermanentError):  # no record can have such a path
                records.clear_until(path, letter.failed_at)

    def _clear_order(self, letter: DeadLetter) -> None:
        try:
            order = parse_job(letter.body)
        except PermanentError:
            return
        marks = FetchRecords(self.s3, self.failures_bucket)
        found = marks.read(order.path)
        if found is not None and found.record.id == order.id:
            with suppress(ConflictError):  # a later order has come
                marks.delete_if_match(order.path, found.etag)


def _paths(letter: DeadLetter) -> set[str]:
    """A message of several records may have left a failure record for each."""
    try:
        records = parse_records(letter.body)
    except PermanentError:
        records = []
    events = [record for record in records if isinstance(record, ObjectEvent)]
    return {letter.path, *(event.key.removeprefix(keys.ORIGINALS) for event in events)} - {""}
