"""Patterns of photo paths, which decide the photos that a size is made of.

`avatars/` is everything below a folder, `*` is any text within a folder or file name, and `**` any
number of folders; everything else stands for itself. infra/delivery/paths.js matches alike.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

# Matches any text within a part of a path; as a whole part of a pattern, any number of folders.
TEXT, FOLDERS = "*", "**"
# SNS filters by at most 37 prefixes of a key (filters.py), and a list of more is unreadable.
MAX_PATTERNS = 30
# Bytes of a key in S3, and so of a path.
_MAX_BYTES = 1024

Parts = tuple[str, ...]


def split_pattern(pattern: str) -> Parts:
    """Returns the pattern's parts; the last one matches the photo's own name.

    `avatars/` is what `avatars/**/*` is. A part that is `**` matches no folder, or several.
    """
    parts = pattern.split("/")
    if parts[-1] == "":
        parts[-1] = FOLDERS
    return (*parts, TEXT) if parts[-1] == FOLDERS else tuple(parts)


def matches_any(patterns: Iterable[str], path: str) -> bool:
    """Returns whether one of the patterns matches the whole path."""
    parts = path.split("/")
    return any(_matches(_split(pattern), parts, FOLDERS, _matches_part) for pattern in patterns)


def covers(outer: str, inner: str) -> bool:
    """Returns whether `outer` surely matches every path that `inner` matches."""
    return _matches(_split(outer), _split(inner), FOLDERS, _covers_part)


def find_mistake(pattern: str) -> str:
    """Returns why no photo's path can match the pattern as it is probably meant, or ""."""
    parts = pattern.removesuffix("/").split("/")
    name = "" if pattern.endswith("/") else parts[-1]
    mistakes = {
        f'is empty: write "{FOLDERS}" for every photo': not pattern,
        "begins with '/', and no photo's path does: write "
        f"{pattern.lstrip('/') or FOLDERS}": pattern.startswith("/"),
        "has an empty folder, '.' or '..' in it, and no photo's path has: leave it out": bool(
            {"", ".", ".."} & set(parts)
        ),
        "has a NUL in it, and no photo's path has: leave it out": "\0" in pattern,
        f"has '{FOLDERS}' beside other text: write it alone between slashes, or a single '*'": any(
            FOLDERS in part and part != FOLDERS for part in parts
        ),
        f"is longer than a path can be, {_MAX_BYTES:,} bytes: shorten it": (
            len(pattern.replace(TEXT, "").encode()) > _MAX_BYTES
        ),
        f"names a photo, not a folder: write {pattern}/ for what is in a folder": (
            name != "" and not {".", TEXT} & set(name)
        ),
    }
    return next((text for text, is_made in mistakes.items() if is_made), "")


_split = lru_cache(maxsize=1024)(split_pattern)


def _matches_part(pattern: str, part: str) -> bool:
    return _matches(pattern, part, TEXT, str.__eq__)


def _covers_part(outer: str, inner: str) -> bool:
    """Returns whether a part of a pattern matches all that another one matches."""
    if TEXT in inner:
        return outer == inner or (outer == TEXT and inner != FOLDERS)
    return _matches_part(outer, inner)


def _matches(
    pattern: Sequence[str],
    items: Sequence[str],
    wildcard: str,
    is_like: Callable[[str, str], bool],
) -> bool:
    """Returns whether the pattern matches all items; `wildcard` in it matches any number of them.

    Returns to the last wildcard only, so that no path takes more than len(pattern) * len(items)
    steps: a regular expression could take exponentially many, and anybody may choose a path.
    """
    at = position = retry = 0
    last = -1
    while position < len(items):
        if at < len(pattern) and pattern[at] == wildcard:
            last, retry = at, position
            at += 1
        elif at < len(pattern) and is_like(pattern[at], items[position]):
            at, position = at + 1, position + 1
        elif last >= 0:
            retry += 1
            at, position = last + 1, retry
        else:
            return False
    return all(each == wildcard for each in pattern[at:])
