"""Records attempts to render on demand, so that a photo cannot stop the function twice.

A queue counts how often a message was received, and gives up; requests are not counted, and each
one for a photo that exceeds the function's memory would stop a function. So an object records the
original before rendering starts, and is deleted unless the function is stopped. If the object is
older than a function can run, the photo is left to a worker, whose queue counts. Other requests
for a photo that is being rendered wait until the attempt ends.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from pydantic import BaseModel, TypeAdapter

from lib.aws.clients import S3Client
from lib.errors import (
    WORKER_STOPPED,
    ConflictError,
    PermanentError,
    ProblemKind,
    RequestError,
    TransientError,
)
from lib.on_demand import ATTEMPTS
from lib.pipeline.json_records import JsonRecords
from lib.pipeline.rechecks import RecheckQueue
from lib.pipeline.telemetry import Telemetry
from lib.sizes import Size, recipe_id

# How far functions' clocks may differ.
_CLOCKS = timedelta(seconds=5)
# A waiting request reads the other's record so often: for ten seconds, longer than most renderings
# take (the longest is 17 s in several formats), and well within the function's timeout.
_PAUSE, _READS = 0.25, 40
# When another recheck is sent if the worker has written neither variant nor failure record: the
# length of a backlog.
_LEFT_LASTS = timedelta(hours=1)
_STOPPED_ERROR = (
    f"{WORKER_STOPPED}: memory or timeout stopped the function that rendered this photo on demand: "
    "a worker is asked to render it"
)


class Attempt(BaseModel, frozen=True):
    """The original and recipe that are being rendered, and the start.

    `left` is the error for requests once the photo is left to a worker; `began_at` is then the
    time of the recheck.
    """

    etag: str
    recipe: str
    # With its fraction of a second: two attempts must not have the same ETag.
    began_at: datetime
    left: str = ""


_ATTEMPT = TypeAdapter(Attempt)


@dataclass(frozen=True)
class Attempts:
    """The attempts at one size; none takes longer than `seconds`."""

    s3: S3Client
    bucket: str
    size: Size
    recheck_queue: RecheckQueue
    seconds: int
    telemetry: Telemetry
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def record(self, path: str, etag: str) -> Iterator[None]:
        """Records, during the block, that the original with this ETag is being rendered.

        After a PermanentError in the block a worker sends the photo to the DLQ. Raises RequestError
        if the photo is left to a worker already, ConflictError if another request's attempt ended
        meanwhile, TransientError if that attempt does not end.
        """
        attempt = Attempt(etag=etag, recipe=recipe_id(self.size), began_at=self.now())
        stored = self._begin(path, attempt)
        try:
            yield
        except PermanentError as error:
            self.recheck_queue.send(path, now=True)
            with suppress(
                ConflictError
            ):  # this attempt took so long that another request replaced it
                self._write(path, self._mark_left(attempt, f"{error.reason}: {error}"), stored)
            raise
        except Exception:
            self._clear(path, stored)
            raise
        # Not in `finally`: the record must remain if the function is stopped, by no Exception.
        self._clear(path, stored)

    def _begin(self, path: str, attempt: Attempt) -> str:
        with suppress(ConflictError):
            return self._write(path, attempt, None)
        for _ in range(_READS):
            stored = self._records.find(self._name(path))
            if stored is None:
                raise ConflictError("the attempt of another request has ended")
            other = stored.record
            if other is None or (other.etag, other.recipe) != (attempt.etag, attempt.recipe):
                return self._write(path, attempt, stored.etag)
            if not self._is_under_way(other):
                raise self._leave_to_worker(path, other, stored.etag)
            self.sleep(_PAUSE)
        raise TransientError("being_made", "another request has been rendering this photo for long")

    def _is_under_way(self, attempt: Attempt) -> bool:
        longest = timedelta(seconds=self.seconds) + _CLOCKS
        return not attempt.left and self.now() - attempt.began_at < longest

    def _leave_to_worker(self, path: str, attempt: Attempt, etag: str) -> RequestError:
        """Returns the error for requests; sends a recheck first, at most once an hour."""
        if not (attempt.left and self.now() - attempt.began_at < _LEFT_LASTS):
            left = self._mark_left(attempt, attempt.left or _STOPPED_ERROR)
            stored = self._write(path, left, etag)
            try:
                self.recheck_queue.send(path, now=True)
            except TransientError:
                self._write(path, attempt, stored)
                raise
            attempt = left
        return RequestError(404, ProblemKind.NOT_RENDERED, attempt.left)

    def _mark_left(self, attempt: Attempt, error: str) -> Attempt:
        return attempt.model_copy(update={"left": error, "began_at": self.now()})

    def _write(self, path: str, attempt: Attempt, etag: str | None) -> str:
        return self._records.put_if_match(self._name(path), etag, attempt)

    def _clear(self, path: str, etag: str) -> None:
        """Deletes the record; a failure must not lose the rendered image."""
        try:
            self._records.delete_if_match(self._name(path), etag)
        except ConflictError:
            return  # this attempt took so long that another request replaced it
        except TransientError as error:
            self.telemetry.log_best_effort_failure("clearing of an attempt", error)

    @cached_property
    def _records(self) -> JsonRecords[Attempt]:
        return JsonRecords(self.s3, self.bucket, ATTEMPTS, _ATTEMPT)

    def _name(self, path: str) -> str:
        """A hash, because a variant's key may be as long as S3 permits."""
        return hashlib.sha256(f"{self.size.name}/{path}".encode()).hexdigest()
