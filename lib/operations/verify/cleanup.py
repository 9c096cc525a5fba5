"""Removal of all that a verification has left on its stage, however it ended."""

from collections.abc import Iterator

from lib.aws import s3 as objects
from lib.aws.error_mapping import map_access_denied
from lib.concurrency import map_concurrently
from lib.errors import StepError
from lib.keys import FETCH_RECORDS, ORIGINALS
from lib.operations.dead_letters import DlqKind, ReplaySource, find_sources
from lib.operations.verify.failures import ABREAST
from lib.operations.verify.polling import Poller
from lib.operations.verify.target import Target
from lib.operations.verify.uploads import FETCHED
from lib.uploads.deletion import Deletion

# Workers remove the variants of a deleted photo in seconds, and have the CDN forget them. On a
# stage where they do not, they are removed here.
WORKERS_SECONDS = 60


def clean_up(target: Target) -> list[str]:
    """Remove the folder's originals, and what came of them; the URLs of what is left.

    Workers look at the original once more after each write, so that a rendering under way takes
    its own variant away.
    """
    with map_access_denied(f"remove the folder {target.folder}"):
        _delete_originals(target)
        _wait_for_workers(target)
        _delete_letters(target)
        for bucket, key in _objects(target):
            objects.delete_object(target.s3, bucket, key)
        originals = target.bucket("Originals")
        for key, version in objects.list_versions(target.s3, originals, _originals(target)):
            objects.delete_version(target.s3, originals, key, version)
        return [f"s3://{bucket}/{key}" for bucket, key in _objects(target)]


def _originals(target: Target) -> str:
    return f"{ORIGINALS}{target.folder}/"


def _delete_originals(target: Target) -> None:
    originals = target.bucket("Originals")
    listed = objects.list_objects(target.s3, originals, _originals(target))
    paths = {each.key.removeprefix(ORIGINALS) for each in listed}
    delete = Deletion(target.s3, originals, target.bucket("Failures")).delete
    # An order to fetch may be under way, without an original yet.
    for path in sorted(paths | {target.path(FETCHED)}):
        delete(path)


def _wait_for_workers(target: Target) -> None:
    def look() -> bool | None:
        return None if next(_objects(target, records=False), None) else True

    try:
        Poller(WORKERS_SECONDS).wait(look, lambda: "the variants go", "")
    except StepError:
        return  # they are removed by hand


def _objects(target: Target, *, records: bool = True) -> Iterator[tuple[str, str]]:
    """Bucket and key of each variant and fetch mark, and with `records` all else."""
    images, failures = target.bucket("Images"), target.bucket("Failures")
    places = [(images, folder) for folder in target.folders] + [(failures, FETCH_RECORDS)]
    if records:
        places += [(failures, name) for name in target.stack.sizes]
    for bucket, folder in places:
        for each in objects.list_objects(target.s3, bucket, f"{folder}/{target.folder}/"):
            yield bucket, each.key


def _delete_letters(target: Target) -> None:
    def delete(place: ReplaySource) -> None:
        with place.dlq.scan() as walk:
            for batch in walk:
                ours = [letter for letter in batch if target.folder in letter.path]
                if ours:
                    walk.delete(ours)

    kinds = [DlqKind.DLQ, DlqKind.SUBSCRIPTION, DlqKind.FETCH]
    if "purge" in target.features:
        kinds.append(DlqKind.PURGE)
    places = [
        place
        for kind in kinds
        for place in find_sources(target.sqs, target.stack, kind, target.stack.sizes)
    ]
    list(map_concurrently(places, delete, max_workers=ABREAST))
