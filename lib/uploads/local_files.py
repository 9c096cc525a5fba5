"""Finds the photos among the files and folders of this machine that a user names."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.errors import ConfigError
from lib.images.formats import detect_codec

_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
}
# Raw files of cameras that begin like a TIFF, but cannot be rendered.
_RAW = {
    *(".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".nef"),
    *(".nrw", ".pef", ".rwl", ".sr2", ".srf", ".srw"),
}
# Bytes that `detect_codec` needs.
START_BYTES = 256


class LocalFile(NamedTuple):
    """A file to upload; `name` is its path below the folder that the user named.

    `is_named` is false for the files of a folder: those that are no photos are left out.
    """

    file: Path
    name: str
    length: int
    is_named: bool


class Unusable(NamedTuple):
    """A file or folder that cannot be uploaded; `error` is empty if it is left out on purpose."""

    file: Path
    reason: str
    error: str = ""


def find_files(named: Iterable[Path]) -> Iterator[LocalFile | Unusable]:
    """Yields the named files and, in the order of their names, all files below named folders.

    Follows links, except those that lead back to a folder they are in. Leaves hidden files out.
    """
    for file in named:
        try:
            is_folder = file.is_dir()
            found = _list_below(file) if is_folder else [_look_at(file, file.name, is_named=True)]
        except OSError as error:
            found = [_make_unreadable(file, error)]
        yield from found


def count_files(named: Sequence[Path], make_path: Callable[[LocalFile], str]) -> tuple[int, int]:
    """Returns the number of files and folders that `find_files` yields, and their bytes.

    Raises ConfigError if two files would get the same path.
    """
    files = length = 0
    # Files below one folder have different paths: a set of a million would take 100 MB.
    paths: set[str] | None = set() if len(named) > 1 else None
    for found in find_files(named):
        files += 1
        if isinstance(found, Unusable):
            continue
        length += found.length
        if paths is not None:
            path = make_path(found)
            if path in paths:
                raise ConfigError(
                    f"two files would be uploaded to {path!r}, of them {found.file}: upload them "
                    "to different folders, one after the other"
                )
            paths.add(path)
    return files, length


def has_photo_suffix(name: str) -> bool:
    """Returns whether a name ends like that of a photo."""
    return Path(name).suffix.lower() in _TYPES


def find_content_type(name: str, start: bytes) -> str | None:
    """Returns a photo's content type by its name or else its first bytes; None for other files."""
    suffix = Path(name).suffix.lower()
    if suffix in _TYPES:
        return _TYPES[suffix]
    codec = None if suffix in _RAW else detect_codec(start)
    # Each codec has the name of its media type.
    return f"image/{codec}" if codec else None


def describe_unreadable(error: OSError) -> str:
    """Describes why a file cannot be read."""
    return f"it cannot be read: {error.strerror or error}"


class _Folder(NamedTuple):
    """A folder whose entries are being read; `names` is its path below the first one."""

    entries: Iterator[os.DirEntry[str]]
    names: tuple[str, ...]
    identity: tuple[int, int]


def _list_below(folder: Path) -> Iterator[LocalFile | Unusable]:
    # Not recursive: folders may be nested deeper than Python's stack.
    try:
        ancestors = [_open_folder(folder, ())]
    except OSError as error:
        yield _make_unreadable(folder, error)
        return
    while ancestors:
        parent = ancestors[-1]
        entry = next(parent.entries, None)
        if entry is None:
            ancestors.pop()
            continue
        file, names = Path(entry.path), (*parent.names, entry.name)
        try:
            if entry.name.startswith("."):
                yield Unusable(file, "hidden")
            elif not entry.is_dir():
                yield _look_at(file, "/".join(names), is_named=False)
            elif _identify(file) in (ancestor.identity for ancestor in ancestors):
                yield Unusable(file, "loop", "the link leads back to a folder that it is in")
            else:
                ancestors.append(_open_folder(file, names))
        except OSError as error:
            yield _make_unreadable(file, error)


def _open_folder(folder: Path, names: tuple[str, ...]) -> _Folder:
    with os.scandir(folder) as entries:
        in_order = sorted(entries, key=lambda entry: entry.name)
    return _Folder(iter(in_order), names, _identify(folder))


def _identify(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _look_at(file: Path, name: str, *, is_named: bool) -> LocalFile | Unusable:
    status = file.stat()
    if stat.S_ISREG(status.st_mode):
        return LocalFile(file, name, status.st_size, is_named)
    # To open a pipe would block.
    error = "it is no file, but a pipe, socket or device" if is_named else ""
    return Unusable(file, "not_a_file", error)


def _make_unreadable(file: Path, error: OSError) -> Unusable:
    return Unusable(file, "unreadable", describe_unreadable(error))
