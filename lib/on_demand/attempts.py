"""What is on record of a photo while it is rendered on demand, for the case that this ends with it.

A queue counts how often a message was received, and gives up. A request that kills its function
leaves no such trace: the next one would be killed too, one for each visitor. So an object says
which original is being rendered before that begins, and goes away when it ends in any other way.
Where it stays for longer than a function can run, nobody tries again: a worker is asked to, whose
queue keeps count. Requests for a photo that is being rendered wait for what comes of it.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lib.errors import (
    WORKER_STOPPED,
    ConflictError,
    PermanentError,
    ProblemKind,
    RequestError,
    TransientError,
)
from lib.images import RENDERER_VERSION
from lib.on_demand import ATTEMPTS
from lib.pipeline.json_records import JsonRecords
from lib.pipeline.rechecks import DelayedRecheckQueue
from lib.pipeline.telemetry import Telemetry
from lib.sizes import Size, recipe_id

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Functions' clocks may differ by so much.
_CLOCKS = timedelta(seconds=5)
# How often, and how many times, a request looks whether another one has ended: ten seconds, longer
# than rendering takes (the longest is 17 s in several formats), and well within its own time.
_PAUSE, _LOOKS = 0.25, 40
# How long a worker that was asked is waited for, before it is asked again: a backlog's length. What
# it cannot render either has a failure record by then.
_LEFT_LASTS = timedelta(hours=1)
_STOPPED = (
    f"{WORKER_STOPPED}: rendering this photo has stopped the function that makes pictures on "
    "demand, by its memory or its timeout: a worker is asked to render it"
)


class Attempt(BaseModel):
    """Which original is rendered by which recipe, and since when.

    `left` is what visitors are told once it was left to a worker, and `began_at` since when.
    """

    model_config = ConfigDict(frozen=True)

    etag: str
    recipe: str
    began_at: datetime
    left: str = ""


_ATTEMPT = TypeAdapter(Attempt)


@dataclass(frozen=True)
class Attempts:
    """The attempts at one size; none takes longer than `seconds`."""

    s3: "S3Client"
    bucket: str
    size: Size
    recheck_queue: DelayedRecheckQueue
    seconds: int
    telemetry: Telemetry
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def record(self, path: str, etag: str) -> Iterator[None]:
        """Inside the block it is on record that the original with this ETag is being rendered.

        A PermanentError inside is left to a worker, which parks the photo. Raises RequestError for
        what was left to a worker before, ConflictError where another request has ended meanwhile,
        TransientError where it does not.
        """
        attempt = Attempt(
            etag=etag, recipe=recipe_id(self.size, RENDERER_VERSION), began_at=self.now()
        )
        stored = self._begin(path, attempt)
        try:
            yield
        except PermanentError as error:
            self.recheck_queue.send(path, now=True)
            with suppress(ConflictError):  # it took so long that another one has taken over
                self._write(path, self._left(attempt, f"{error.reason}: {error}"), stored)
            raise
        except Exception:
            self._clear(path, stored)
            raise
        # Not in a `finally`: what stops a function is no Exception, and must leave its trace.
        self._clear(path, stored)

    def _begin(self, path: str, attempt: Attempt) -> str:
        with suppress(ConflictError):
            return self._write(path, attempt, None)
        for _ in range(_LOOKS):
            found = self._records.find(self._name(path))
            if found is None:
                raise ConflictError("the attempt of another request has ended")
            there = found.record
            if there is None or (there.etag, there.recipe) != (attempt.etag, attempt.recipe):
                return self._write(path, attempt, found.etag)
            if not self._is_under_way(there):
                raise self._refusal(path, there, found.etag)
            self.sleep(_PAUSE)
        raise TransientError("being_made", "another request has been making it for long")

    def _is_under_way(self, attempt: Attempt) -> bool:
        longest = timedelta(seconds=self.seconds) + _CLOCKS
        return not attempt.left and self.now() - attempt.began_at < longest

    def _refusal(self, path: str, attempt: Attempt, etag: str) -> RequestError:
        """What visitors are told; a worker is asked first, by one of them and once an hour."""
        if not (attempt.left and self.now() - attempt.began_at < _LEFT_LASTS):
            left = self._left(attempt, attempt.left or _STOPPED)
            stored = self._write(path, left, etag)
            try:
                self.recheck_queue.send(path, now=True)
            except TransientError:
                self._write(path, attempt, stored)
                raise
            attempt = left
        return RequestError(404, ProblemKind.NOT_RENDERED, attempt.left)

    def _left(self, attempt: Attempt, told: str) -> Attempt:
        return attempt.model_copy(update={"left": told, "began_at": self.now()})

    def _write(self, path: str, attempt: Attempt, etag: str | None) -> str:
        return self._records.put_if_match(self._name(path), etag, attempt)

    def _clear(self, path: str, etag: str) -> None:
        """Take it away: a picture that was made is answered, whether or not this succeeds."""
        try:
            self._records.delete_if_match(self._name(path), etag)
        except ConflictError:
            return  # it took so long that another one has taken over
        except TransientError as error:
            self.telemetry.log_best_effort_failure("clearing of an attempt", error)

    @cached_property
    def _records(self) -> JsonRecords[Attempt]:
        return JsonRecords(self.s3, self.bucket, ATTEMPTS, _ATTEMPT)

    def _name(self, path: str) -> str:
        """Of one length: a variant's own key may be as long as S3 takes."""
        return hashlib.sha256(f"{self.size.name}/{path}".encode()).hexdigest()
