"""Removes every trace of a verification from its stage."""

from collections.abc import Iterator

from lib.aws import s3 as objects
from lib.aws.error_mapping import map_access_denied
from lib.concurrency import map_concurrently
from lib.dead_letters.letter import DlqKind
from lib.dead_letters.sources import ReplaySource, find_sources
from lib.errors import StepError
from lib.keys import FETCH_RECORDS
from lib.operations.verify.failures import MAX_WORKERS
from lib.operations.verify.photos import FETCHED
from lib.operations.verify.polling import Poller
from lib.operations.verify.target import Target
from lib.uploads.deletion import Deletion

# Workers delete the variants of a deleted photo and invalidate them in seconds. If they do not,
# `clean_up` deletes the variants itself.
WORKERS_SECONDS = 60


def clean_up(target: Target) -> list[str]:
    """Deletes the folder's originals and all that came of them; returns URLs of what remains.

    A worker checks the original again after each write, and deletes the variant it wrote late.
    """
    with map_access_denied(f"remove the folder {target.folder}"):
        _delete_originals(target)
        _wait_for_workers(target)
        _delete_letters(target)
        for bucket, key in _objects(target):
            objects.delete_object(target.s3, bucket, key)
        bucket, folder = target.originals.bucket, target.originals.key(target.path(""))
        for key, version in objects.list_versions(target.s3, bucket, folder):
            objects.delete_version(target.s3, bucket, key, version)
        return [f"s3://{bucket}/{key}" for bucket, key in _objects(target)]


def _delete_originals(target: Target) -> None:
    originals = target.originals
    folder = originals.key(target.path(""))
    listed = objects.list_objects(target.s3, originals.bucket, folder)
    paths = {originals.path(each.key) for each in listed}
    delete = Deletion(target.s3, originals, target.bucket("Failures")).delete
    # A fetch job may be running, without an original yet.
    for path in sorted(paths | {target.path(FETCHED)}):
        delete(path)


def _wait_for_workers(target: Target) -> None:
    def poll() -> bool | None:
        return None if next(_objects(target, records=False), None) else True

    try:
        Poller(WORKERS_SECONDS).wait(poll, lambda: "the variants go", "")
    except StepError:
        return  # `clean_up` deletes them


def _objects(target: Target, *, records: bool = True) -> Iterator[tuple[str, str]]:
    """Yields bucket and key of variants and fetch records, and if `records` of failure records."""
    images, failures = target.bucket("Images"), target.bucket("Failures")
    folders = [(images, each) for size in target.deployed.values() for each in size.folders]
    folders.append((failures, FETCH_RECORDS))
    if records:
        folders += [(failures, name) for name in target.stack.sizes]
    for bucket, folder in folders:
        for each in objects.list_objects(target.s3, bucket, f"{folder}/{target.folder}/"):
            yield bucket, each.key


def _delete_letters(target: Target) -> None:
    def delete(source: ReplaySource) -> None:
        with source.dlq.scan() as scan:
            for batch in scan:
                ours = [letter for letter in batch if target.folder in letter.path]
                if ours:
                    scan.delete(ours)

    kinds = [DlqKind.DLQ, DlqKind.SUBSCRIPTION, DlqKind.FETCH]
    if "purge" in target.features:
        kinds.append(DlqKind.PURGE)
    sources = [
        source
        for kind in kinds
        for source in find_sources(target.sqs, target.stack, kind, target.stack.sizes)
    ]
    list(map_concurrently(sources, delete, max_workers=MAX_WORKERS))
