"""Steps of a photo that cannot be rendered: to the dead letters, and tried once more."""

from datetime import UTC, datetime

from lib.concurrency import map_concurrently
from lib.errors import StepError
from lib.operations.dead_letters import DeadLetter, DlqKind, Filter, ReplaySource, find_sources
from lib.operations.verify import api
from lib.operations.verify.photos import RED, make_photo
from lib.operations.verify.target import Target

BROKEN = "broken"
# A look at a queue waits for a second at its end.
ABREAST = 16
_NEVER = datetime.min.replace(tzinfo=UTC)


def broken(target: Target) -> str:
    """Upload half a photo: each size says why it fails, and keeps it as a dead letter."""
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
    return f"{len(status)} dead letters: {next(iter(status.values())).reason}"


def replay(target: Target) -> str:
    """Send the dead letters to their queues: each is tried, and fails, once more."""
    path = target.path(BROKEN)
    before = max(letter.failed_at or _NEVER for letter in _letters(target, path))

    def send(place: ReplaySource) -> int:
        # No more: one that fails again within the second would be sent again.
        return place.dlq.replay(place.queue_url, Filter(prefix=path), limit=1).taken

    sent = sum(map_concurrently(_places(target), send, max_workers=ABREAST))
    if sent < len(target.stack.sizes):
        raise StepError(
            f"{sent} of {len(target.stack.sizes)} dead letters were replayed",
            f"./fanout dlq list --stage {target.stage} --prefix {target.folder}",
        )
    _wait_for_letters(target, path, after=before)
    return f"{sent} dead letters, each tried once more"


def _wait_for_letters(target: Target, path: str, *, after: datetime) -> None:
    """Wait for a dead letter of each size that failed after this time."""
    found: set[str] = set()

    def look() -> bool | None:
        letters = _letters(target, path)
        found.update(each.size for each in letters if (each.failed_at or _NEVER) > after)
        return True if found >= set(target.stack.sizes) else None

    target.poller.wait(
        look,
        lambda: f"a dead letter of {', '.join(set(target.stack.sizes) - found)}",
        f"./fanout dlq show --stage {target.stage} --prefix {target.folder}",
    )


def _letters(target: Target, path: str) -> list[DeadLetter]:
    def look(place: ReplaySource) -> list[DeadLetter]:
        with place.dlq.scan() as walk:
            return [letter for batch in walk for letter in batch if path in letter.path]

    return [
        letter
        for found in map_concurrently(_places(target), look, max_workers=ABREAST)
        for letter in found
    ]


def _places(target: Target) -> list[ReplaySource]:
    return find_sources(target.sqs, target.stack, DlqKind.DLQ, target.stack.sizes)
