"""Orders to fetch a photo: given, looked after, called off. Fetching is somebody else's."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from lib import keys, upload_paths
from lib.aws import s3 as objects
from lib.aws import sqs as queues
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

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# How long the fetch queue keeps a message: after that nobody can carry the order out any more.
# Four days, as for every other queue: a long weekend to mend what stops a worker.
JOB_LIFETIME = timedelta(days=4)
# 128 bits, in hexadecimal: no two orders have the same.
_ID_BYTES = 16
_ID = f"^[0-9a-f]{{{2 * _ID_BYTES}}}$"


class FetchJob(BaseModel):
    """The body of a message: fetch what is at `url` into `originals/<path>`.

    The URL can be a secret: it is in the message, and in no log, mark or error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=_ID)
    path: str = Field(min_length=1, max_length=keys.MAX_KEY_BYTES)
    url: str = Field(max_length=MAX_LENGTH, repr=False)
    overwrite: bool
    ordered_at: AwareDatetime


class FetchState(BaseModel):
    """Where an order is: `pending` since `ordered_at`, or `failed`, with all the rest."""

    model_config = ConfigDict(frozen=True)

    state: Literal["pending", "failed"]
    ordered_at: datetime | None = None
    reason: str | None = None
    error: str | None = None
    failed_at: datetime | None = None


@dataclass(frozen=True)
class FetchJobs:
    """The orders of one stack, by the path that each is for."""

    s3: "S3Client"
    failures_bucket: str

    def get_state(
        self, path: str, original: objects.StoredObject | None = None
    ) -> FetchState | None:
        """Where the order for a path is; None where there is none, or it was carried out.

        None too where it failed before the `original` that is there now was uploaded.
        """
        found = self._marks.read(path)
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
                f"nothing came of the order in {JOB_LIFETIME.days} days: give it again",
                lost_at,
            )
        return FetchState(state="pending", ordered_at=found.record.ordered_at)

    def cancel(self, path: str) -> None:
        """Call the order for a path off, if there is one; whatever it may still write goes again.

        Call this before the original is deleted.
        """
        found = self._marks.read(path)
        if found is None or found.is_cancelled:
            return
        if isinstance(found.record, FetchRecord) or found.record.reason == WORKER_STOPPED:
            # Not removed: a worker between its last look and its write could not tell this from
            # a second delivery that has cleared the mark. It takes the note away.
            self._marks.put(path, _cancelled(found.record))
            return
        with suppress(ConflictError):  # a new order has come: it stands
            self._marks.delete_if_match(path, found.etag)

    @property
    def _marks(self) -> FetchRecords:
        return FetchRecords(self.s3, self.failures_bucket)


@dataclass(frozen=True)
class FetchJobQueue(FetchJobs):
    """Takes orders for one stack; `allow_loopback` only where it runs on one's own machine."""

    sqs: "SQSClient"
    queue_url: str
    allow_loopback: bool = False

    def check_url(self, url: str) -> Url:
        """The URL as it will be asked; RequestError for one that never can be."""
        try:
            asked = parse_url(url)
            if not self.allow_loopback:
                check_port(asked)
        except PermanentError as error:
            raise RequestError(422, ProblemKind.BAD_URL, str(error)) from error
        return asked

    def submit(self, path: str, url: str, *, overwrite: bool = False) -> FetchJob:
        """Have a URL fetched; an earlier order for the path is void from now on.

        RequestError for a path or a URL that can never be; TransientError where nothing was
        ordered because AWS did not answer.
        """
        upload_paths.require_valid(path, ())
        self.check_url(url)
        order = FetchJob(
            id=secrets.token_hex(_ID_BYTES),
            path=path,
            url=url,
            overwrite=overwrite,
            ordered_at=datetime.now(UTC),
        )
        mark = FetchRecord(id=order.id, ordered_at=order.ordered_at)
        # The mark first: a worker that found none would take its order for called off.
        etag = self._marks.put(path, mark)
        try:
            queues.send(self.sqs, self.queue_url, order.model_dump_json(), {})
        except TransientError:
            # Should the message be under way all the same, it now finds itself called off.
            with suppress(TransientError, ConflictError):
                self._marks.delete_if_match(path, etag)
            raise
        return order


def parse_job(body: str) -> FetchJob:
    """The order that a message is; PermanentError for any other, and for a path it cannot have.

    The text of the error quotes nothing of the message.
    """
    try:
        order = FetchJob.model_validate_json(body)
    except ValidationError as error:
        wrong = sorted({".".join(map(str, each["loc"])) or "body" for each in error.errors()})
        raise PermanentError(
            Reason.MALFORMED_EVENT,
            f"the message is no order to fetch a photo (wrong: {', '.join(wrong[:5])}): order "
            "through the API, or purge it",
        ) from None
    keys.check_original(order.path)
    return order


def _cancelled(mark: FetchRecord | FailedFetchRecord) -> FetchRecord:
    """The mark of an order that is called off, perhaps during its last attempt."""
    ordered_at = mark.ordered_at if isinstance(mark, FetchRecord) else mark.began_at
    return FetchRecord(id=mark.id, ordered_at=ordered_at, cancelled=True)


def _failed(reason: str, error: str, failed_at: datetime) -> FetchState:
    return FetchState(state="failed", reason=reason, error=error, failed_at=failed_at)
