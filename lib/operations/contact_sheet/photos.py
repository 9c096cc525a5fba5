"""Finds the photos of a folder for a contact sheet."""

from dataclasses import dataclass, field
from pathlib import Path

from lib.uploads.local_files import (
    START_BYTES,
    LocalFile,
    Unusable,
    find_content_type,
    find_files,
    has_photo_suffix,
)


@dataclass
class FoundPhotos:
    """The photos of a folder by name, what is no photo by its number, and what cannot be read."""

    photos: list[LocalFile] = field(default_factory=list)
    skipped: int = 0
    unreadable: list[Unusable] = field(default_factory=list)


def find_photos(folder: Path, *, leave_out: Path) -> FoundPhotos:
    """Finds the photos below a folder by their names, or else by their first bytes.

    `leave_out` is a file that is not looked at: the sheet of an earlier run.
    """
    found = FoundPhotos()
    for each in find_files([folder]):
        if isinstance(each, Unusable):
            if each.error:
                found.unreadable.append(each)
            else:
                found.skipped += 1
        elif each.file.resolve() != leave_out.resolve() and _is_photo(each):
            found.photos.append(each)
        else:
            found.skipped += 1
    return found


def _is_photo(local: LocalFile) -> bool:
    if has_photo_suffix(local.name):
        return True
    try:
        with local.file.open("rb") as opened:
            start = opened.read(START_BYTES)
    except OSError:
        # Without a photo's name, it is skipped as any other file.
        return False
    return find_content_type(local.name, start) is not None
