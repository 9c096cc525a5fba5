"""Backfill: one size's variants for originals that lack a current one.

Only `originals/` of the originals bucket is looked for, so that nothing that is rendered can be
found again; and workers leave alone what is current, so that a second run renders nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lib.aws.sqs import BATCH
from lib.errors import ConfigError
from lib.operations.audit import Auditor, State
from lib.pipeline.rechecks import RecheckQueue


class Scope(BaseModel):
    """Which paths a backfill is about: below `prefix`, missing, and also `stale` ones if asked."""

    model_config = ConfigDict(frozen=True)

    prefix: str = ""
    stale: bool = False


class Position(BaseModel):
    """How far a backfill came: `after` is the last path that was sent."""

    model_config = ConfigDict(frozen=True)

    scope: Scope
    after: str


@dataclass(frozen=True)
class Checkpoint:
    """The file that tells where an interrupted backfill of one stage and size stopped."""

    file: Path

    def read(self) -> Position | None:
        """The position of a run that did not come to its end; None where there is none."""
        try:
            return Position.model_validate_json(self.file.read_text())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise ConfigError(f"{self.file} is no checkpoint of a backfill: delete it") from error

    def write(self, position: Position) -> None:
        """Keep a position; whenever this is interrupted, the old one or the new one is there."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".new")
        draft.write_text(position.model_dump_json())
        draft.replace(self.file)

    def remove(self) -> None:
        """The run came to its end."""
        self.file.unlink(missing_ok=True)

    def resume_after(self, scope: Scope) -> str:
        """The path to continue behind, "" for the beginning; ConfigError for another scope.

        What another scope has sent says nothing about the paths of this one.
        """
        position = self.read()
        if position is None:
            return ""
        if position.scope != scope:
            was = position.scope
            raise ConfigError(
                f"{self.file} is of a run with --prefix {was.prefix!r} and "
                f"{'' if was.stale else 'without '}--stale: say the same, or leave --resume out"
            )
        return position.after


def find_paths(auditor: Auditor, scope: Scope, *, after: str, limit: int | None) -> Iterator[str]:
    """Paths to render behind `after`, in order, at most `limit`; what failed is not among them."""
    states: set[State] = {"missing", "stale"} if scope.stale else {"missing"}
    findings = auditor.compare(prefix=scope.prefix, after=after, deep=scope.stale)
    return islice((found.path for found in findings if found.state in states), limit)


def throttle(
    paths: Iterable[str],
    per_second: float,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:
    """The paths at so many a second, ten at a time; what came slower is not made up for."""
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
    """Have workers render these paths; gives how many each time SQS has taken some.

    Interrupted anywhere, a run that is resumed sends at most the last ten again.
    """
    for batch in queue.send_all(paths):
        checkpoint.write(Position(scope=scope, after=batch[-1]))
        yield len(batch)
    checkpoint.remove()
