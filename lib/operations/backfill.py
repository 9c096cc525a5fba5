"""Backfill: renders sizes for originals that lack a current variant.

It lists only the folder of the originals, so that no variant is taken for one. Workers skip current
variants, so that a second run renders nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ValidationError

from lib.aws.sqs import BATCH
from lib.errors import ConfigError
from lib.operations.audit import Auditor, State
from lib.pipeline.rechecks import RecheckQueue


class Scope(BaseModel, frozen=True):
    """Paths of a backfill: below `prefix`, without a variant, and if `stale` also stale ones."""

    prefix: str = ""
    stale: bool = False


class Position(BaseModel, frozen=True):
    """Progress of a backfill at one size: `after` is the last path sent, "" before the first."""

    scope: Scope
    after: str


@dataclass(frozen=True)
class Checkpoint:
    """File with the position of an interrupted backfill of one stage and size."""

    file: Path

    def read(self) -> Position | None:
        """Returns an interrupted run's position, if any; ConfigError if the file is damaged."""
        try:
            return Position.model_validate_json(self.file.read_text())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise ConfigError(f"{self.file} is no checkpoint of a backfill: delete it") from error

    def write(self, position: Position) -> None:
        """Replaces the position atomically: an interruption leaves the old one or the new one."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".new")
        draft.write_text(position.model_dump_json())
        draft.replace(self.file)

    def remove(self) -> None:
        """Deletes the file after a complete run."""
        self.file.unlink(missing_ok=True)

    def resume_after(self, scope: Scope) -> str:
        """Returns the path to continue after, "" for the beginning.

        Raises ConfigError if the interrupted run had another scope.
        """
        position = self.read()
        if position is None:
            return ""
        if position.scope != scope:
            old = position.scope
            raise ConfigError(
                f"{self.file} is of a run with --prefix {old.prefix!r} and "
                f"{'' if old.stale else 'without '}--stale: use the same options, or omit --resume"
            )
        return position.after


def find_starts(checkpoints: Mapping[str, Checkpoint], scope: Scope) -> dict[str, str]:
    """Returns the sizes to resume, and the path to continue after at each, "" for the beginning.

    A run has a checkpoint for each size that it has not finished: if none has one, all sizes start
    from the beginning. Raises ConfigError if the interrupted run had another scope.
    """
    starts = {size: each.resume_after(scope) for size, each in checkpoints.items()}
    unfinished = [size for size, each in checkpoints.items() if each.read() is not None]
    return {size: starts[size] for size in unfinished or checkpoints}


def find_paths(auditor: Auditor, scope: Scope, *, after: str, limit: int | None) -> Iterator[str]:
    """Yields at most `limit` paths to render after `after`, in order; failed paths are left out."""
    states: set[State] = {"missing", "stale"} if scope.stale else {"missing"}
    entries = auditor.compare(prefix=scope.prefix, after=after, deep=scope.stale)
    return islice((entry.path for entry in entries if entry.state in states), limit)


def throttle(
    paths: Iterable[str],
    per_second: float,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:
    """Yields at most `per_second` paths a second, in batches; does not catch up after a delay."""
    due = clock()
    for number, path in enumerate(paths):
        if number % BATCH == 0:
            now = clock()
            sleep(max(0, due - now))
            due = max(due, now) + BATCH / per_second
        yield path


def send_rechecks(
    paths: Iterable[str], queue: RecheckQueue, checkpoint: Checkpoint, scope: Scope
) -> Iterator[int]:
    """Sends a recheck for each path; yields the size of each batch that SQS has accepted.

    A resumed run sends at most the last batch again.
    """
    for batch in queue.send_all(paths):
        checkpoint.write(Position(scope=scope, after=batch[-1]))
        yield len(batch)
    checkpoint.remove()
