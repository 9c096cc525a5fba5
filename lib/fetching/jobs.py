"""Submits, reads and cancels fetch jobs; `fetcher.py` runs them."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from lib import keys, upload_paths
from lib.aws import s3 as objects
from lib.aws import sqs as queues
from lib.aws.clients import S3Client, SQSClient
from lib.errors import (
    WORKER_STOPPED,
    ConflictError,
    PermanentError,
    ProblemKind,
    Reason,
    RequestError,
    TransientError,
)
from lib.fetching.records import FailedFetchRecord, FetchRecord, FetchRecords
from lib.fetching.urls import MAX_LENGTH, Url, check_port, parse_url
from lib.keys import Originals
from lib.pipeline.focus import FocalPoint
from lib.times import Timestamp

# How long the fetch queue keeps a message: four days, as every other queue, so that a long weekend
# is enough to repair what stops a worker.
JOB_LIFETIME = timedelta(days=4)
# 128 bits, in hexadecimal: no two jobs have the same.
_ID_BYTES = 16
_ID = f"^[0-9a-f]{{{2 * _ID_BYTES}}}$"


class FetchJob(BaseModel, frozen=True, extra="forbid"):
    """Message body: download `url` to the original at `path`.

    The URL can be a secret: it is in the message, and in no log, fetch record or error.
    """

    id: str = Field(pattern=_ID)
    path: str = Field(min_length=1, max_length=keys.MAX_KEY_BYTES)
    url: str = Field(max_length=MAX_LENGTH, repr=False)
    overwrite: bool
    ordered_at: Timestamp
    focus: FocalPoint | None = None


class FetchState(BaseModel, frozen=True):
    """State of a fetch job: `pending` since `ordered_at`, or `failed` with the other fields."""

    state: Literal["pending", "failed"]
    ordered_at: Timestamp | None = None
    reason: str | None = None
    error: str | None = None
    failed_at: Timestamp | None = None


@dataclass(frozen=True)
class FetchJobs:
    """The fetch jobs of one stack, by the path that each is for."""

    s3: S3Client
    failures_bucket: str

    def get_state(
        self, path: str, original: objects.StoredObject | None = None
    ) -> FetchState | None:
        """Returns the state of a path's fetch job; None if there is none, or it succeeded.

        Returns None too if the job failed before the current `original` was uploaded.
        """
        found = self._records.read(path)
        if found is None or found.is_cancelled:
            return None
        if isinstance(found.record, FailedFetchRecord):
            failed = found.record
            if original and failed.is_older_than(original):
                return None
            return _failed(failed.reason, failed.error, failed.failed_at)
        lost_at = found.record.ordered_at + JOB_LIFETIME
        if lost_at < datetime.now(UTC):
            if original and original.modified > found.record.ordered_at:
                return None
            return _failed(
                WORKER_STOPPED,
                f"the fetch did not end in {JOB_LIFETIME.days} days: submit it again",
                lost_at,
            )
        return FetchState(state="pending", ordered_at=found.record.ordered_at)

    def cancel(self, path: str) -> None:
        """Cancels a path's fetch job, if there is one; a worker removes what it still writes.

        Must be called before the original is deleted.
        """
        found = self._records.read(path)
        if found is None or found.is_cancelled:
            return
        if isinstance(found.record, FetchRecord) or found.record.reason == WORKER_STOPPED:
            # The record stays: without it, a worker between its last read and its write could not
            # distinguish this from a second delivery that succeeded. The worker deletes it.
            self._records.put(path, _cancelled(found.record))
            return
        with suppress(ConflictError):  # a later job replaced the record
            self._records.delete_if_match(path, found.etag)

    @property
    def _records(self) -> FetchRecords:
        return FetchRecords(self.s3, self.failures_bucket)


@dataclass(frozen=True)
class FetchJobQueue(FetchJobs):
    """Submits the fetch jobs of one stack; `allow_loopback` is for local stages only."""

    sqs: SQSClient
    queue_url: str
    originals: Originals
    allow_loopback: bool = False

    def check_url(self, url: str) -> Url:
        """Parses a URL; RequestError if it can never be fetched."""
        try:
            parsed = parse_url(url)
            if not self.allow_loopback:
                check_port(parsed)
        except PermanentError as error:
            raise RequestError(422, ProblemKind.BAD_URL, str(error)) from error
        return parsed

    def submit(
        self, path: str, url: str, *, overwrite: bool = False, focus: FocalPoint | None = None
    ) -> FetchJob:
        """Submits a fetch job, which replaces an earlier one for the path.

        Raises RequestError for a path or a URL that is not allowed, and TransientError if no job
        was submitted because AWS did not answer.
        """
        upload_paths.require_valid(path, self.originals, ())
        self.check_url(url)
        job = FetchJob(
            id=secrets.token_hex(_ID_BYTES),
            path=path,
            url=url,
            overwrite=overwrite,
            ordered_at=datetime.now(UTC).replace(microsecond=0),
            focus=focus,
        )
        record = FetchRecord(id=job.id, ordered_at=job.ordered_at)
        # The record comes first: without one, a worker would treat its job as cancelled.
        etag = self._records.put(path, record)
        try:
            queues.send(self.sqs, self.queue_url, job.model_dump_json(exclude_none=True), {})
        except TransientError:
            # If SQS took the message all the same, its job now counts as cancelled.
            with suppress(TransientError, ConflictError):
                self._records.delete_if_match(path, etag)
            raise
        return job


def parse_job(body: str) -> FetchJob:
    """Parses a message; PermanentError if it is no fetch job, or if its path is not allowed.

    The text of the error quotes nothing of the message.
    """
    try:
        job = FetchJob.model_validate_json(body)
    except ValidationError as error:
        wrong = sorted({".".join(map(str, each["loc"])) or "body" for each in error.errors()})
        raise PermanentError(
            Reason.MALFORMED_EVENT,
            f"the message is no fetch job (wrong: {', '.join(wrong[:5])}): submit the URL through "
            "the API, or purge the message",
        ) from None
    # Its record must be storable; the worker also checks the key of its original.
    keys.variant_key(keys.FETCH_RECORDS, job.path)
    return job


def _cancelled(record: FetchRecord | FailedFetchRecord) -> FetchRecord:
    """Builds the record of a job that was cancelled, perhaps during its last attempt."""
    ordered_at = record.ordered_at if isinstance(record, FetchRecord) else record.began_at
    return FetchRecord(id=record.id, ordered_at=ordered_at, cancelled=True)


def _failed(reason: str, error: str, failed_at: datetime) -> FetchState:
    return FetchState(state="failed", reason=reason, error=error, failed_at=failed_at)
