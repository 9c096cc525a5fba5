"""Chooses a folder for the photos of a verification: one that sizes are made of."""

from collections.abc import Iterable

from lib.errors import ConfigError
from lib.operations.verify.photos import NAMES
from lib.sizes import Size
from lib.sizes.paths import FOLDERS, TEXT, split_pattern


def list_tested(sizes: Iterable[Size], folder: str) -> list[Size]:
    """Returns the sizes that are made of every photo of the folder."""
    return [size for size in sizes if all(size.applies_to(f"{folder}/{name}") for name in NAMES)]


def choose_folder(sizes: list[Size], name: str) -> str:
    """Returns a folder with `name` in its path, of which as many sizes as possible are made.

    Raises ConfigError if it finds none of any size.
    """
    patterns = [pattern for size in sizes for pattern in size.paths or ()]
    folders = [name, *(folder for pattern in patterns for folder in _list_folders(pattern, name))]
    # The first of those with most sizes.
    folder = max(folders, key=lambda each: len(list_tested(sizes, each)))
    if not list_tested(sizes, folder):
        raise ConfigError(
            "No size is made of photos that verify can upload: it uploads photos called "
            f"{', '.join(NAMES)} to a new folder, and the paths and exceptions of every size "
            f"leave these out. Looked at: {', '.join(folders)}"
        )
    return folder


def _list_folders(pattern: str, name: str) -> list[str]:
    """Returns folders that the pattern may match: `name` below its own, and `name` as one of it."""
    parts = [part for part in split_pattern(pattern)[:-1] if part != FOLDERS]
    plain = [part.replace(TEXT, "") or "x" for part in parts]
    wild = [at for at, part in enumerate(parts) if TEXT in part]
    named = [
        "/".join(
            [*plain[:at], parts[at].replace(TEXT, name, 1).replace(TEXT, ""), *plain[at + 1 :]]
        )
        for at in wild[-1:]
    ]
    return ["/".join([*plain, name]), *named]
