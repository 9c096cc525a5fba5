"""Finds the photos of a contact sheet: in a folder, or among a stage's originals."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.aws.s3 import Download
from lib.images import Focus
from lib.images.limits import MAX_BYTES
from lib.keys import Originals
from lib.pipeline.focus import read_focus
from lib.uploads import local_files


class Original(NamedTuple):
    """A photo's bytes, and its focal point if it has one."""

    data: bytes
    focus: Focus | None = None


@dataclass(frozen=True)
class SheetPhoto:
    """A photo that is not read yet; `read` raises OSError or PermanentError if it cannot be."""

    path: str
    length: int
    read: Callable[[], Original]


@dataclass
class FoundPhotos:
    """Photos by name, what is no photo by its number, and what cannot be read.

    With `is_cut` there are more photos, which nobody counted.
    """

    photos: list[SheetPhoto] = field(default_factory=list)
    skipped: int = 0
    unreadable: list[local_files.Unusable] = field(default_factory=list)
    is_cut: bool = False


def find_photos(folder: Path, *, leave_out: Path) -> FoundPhotos:
    """Finds the photos below a folder by their names, or else by their first bytes.

    `leave_out` is a file that is not looked at: the sheet of an earlier run.
    """
    found = FoundPhotos()
    for each in local_files.find_files([folder]):
        if isinstance(each, local_files.Unusable):
            if each.error:
                found.unreadable.append(each)
            else:
                found.skipped += 1
        elif each.file.resolve() != leave_out.resolve() and _is_photo(each):
            read = partial(_read_file, each.file)
            found.photos.append(SheetPhoto(each.name, each.length, read))
        else:
            found.skipped += 1
    return found


def find_stored_photos(
    s3: S3Client, originals: Originals, prefix: str, *, at_most: int
) -> FoundPhotos:
    """Lists a stage's originals whose paths begin with `prefix`, without folder markers."""
    listed = objects.list_objects(s3, originals.bucket, originals.key(prefix))
    photos = (
        SheetPhoto(originals.path(each.key), each.length, partial(_get, s3, originals, each.key))
        for each in listed
        if not each.key.endswith("/")
    )
    found = list(islice(photos, at_most + 1))
    return FoundPhotos(found[:at_most], is_cut=len(found) > at_most)


def _is_photo(local: local_files.LocalFile) -> bool:
    if local_files.has_photo_suffix(local.name):
        return True
    try:
        with local.file.open("rb") as opened:
            start = opened.read(local_files.START_BYTES)
    except OSError:
        # Without a photo's name, it is skipped as any other file.
        return False
    return local_files.find_content_type(local.name, start) is not None


def _read_file(file: Path) -> Original:
    return Original(file.read_bytes())


def _get(s3: S3Client, originals: Originals, key: str) -> Original:
    original = objects.get(s3, originals.bucket, key)
    if not isinstance(original, Download):
        raise FileNotFoundError(errno.ENOENT, "it was deleted meanwhile")
    return Original(original.read(max_bytes=MAX_BYTES), read_focus(original.metadata))
