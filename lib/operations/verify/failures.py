"""Steps with a broken photo: it becomes a dead letter, which is replayed."""

from datetime import UTC, datetime

from lib.concurrency import map_concurrently
from lib.dead_letters.letter import DeadLetter, DlqKind, Filter
from lib.dead_letters.sources import ReplaySource, find_sources
from lib.errors import StepError
from lib.operations.verify import api
from lib.operations.verify.photos import BROKEN, RED, make_photo
from lib.operations.verify.target import Target
from lib.plurals import pluralize

# Queues scanned at once: each scan ends with a second of waiting.
MAX_WORKERS = 16
_NEVER = datetime.min.replace(tzinfo=UTC)


def broken(target: Target) -> str:
    """Uploads half a photo: it must fail at each size and become a dead letter."""
    photo = make_photo(RED, target.content_type)
    path = api.upload(target, BROKEN, photo[: len(photo) // 2])
    status = api.wait_until_settled(target, path)
    ready = [name for name, size in status.items() if size.state == "ready"]
    if ready:
        raise StepError(
            f"half a photo was rendered at {', '.join(ready)}",
            target.logs_of(f"resize-{ready[0]}"),
        )
    _wait_for_letters(target, path, after=_NEVER)
    return f"{pluralize(len(status), 'dead letter')}: {next(iter(status.values())).reason}"


def replay(target: Target) -> str:
    """Replays the dead letters: each is tried, and fails, once more."""
    path = target.path(BROKEN)
    before = max(letter.sent_at for letter in _letters(target, path))

    def send(source: ReplaySource) -> int:
        # The limit keeps a letter that fails again at once from being replayed twice.
        return source.dlq.replay(source.queue_url, Filter(prefix=path), limit=1).taken

    sent = sum(map_concurrently(_sources(target), send, max_workers=MAX_WORKERS))
    if sent < len(target.sizes):
        raise StepError(
            f"replayed {sent} of {pluralize(len(target.sizes), 'dead letter')}",
            target.commands.fanout("dlq list", "--prefix", target.folder),
        )
    _wait_for_letters(target, path, after=before)
    return f"{pluralize(sent, 'dead letter')}, each tried once more"


def _wait_for_letters(target: Target, path: str, *, after: datetime) -> None:
    """Waits for a dead letter of each size that was sent after this time.

    When it failed is told in whole seconds, in which a replayed letter may fail again.
    """
    found: set[str] = set()

    def poll() -> bool | None:
        letters = _letters(target, path)
        found.update(each.size for each in letters if each.sent_at > after)
        return True if found >= set(target.sizes) else None

    target.poller.wait(
        poll,
        lambda: f"a dead letter of {', '.join(set(target.sizes) - found)}",
        target.commands.fanout("dlq show", "--prefix", target.folder),
    )


def _letters(target: Target, path: str) -> list[DeadLetter]:
    def read(source: ReplaySource) -> list[DeadLetter]:
        with source.dlq.scan() as scan:
            return [letter for batch in scan for letter in batch if path in letter.path]

    return [
        letter
        for letters in map_concurrently(_sources(target), read, max_workers=MAX_WORKERS)
        for letter in letters
    ]


def _sources(target: Target) -> list[ReplaySource]:
    return find_sources(target.sqs, target.stack, DlqKind.DLQ, target.stack.sizes)
