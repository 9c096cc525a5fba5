"""Checks of sizes' paths and exceptions that depend on the stage and on Lambda."""

from lib.sizes import SizesFile, pack_sizes
from lib.sizes.paths import FOLDERS

# Bytes of a size, or of all packed together, in a function's environment, for which Lambda has
# 4,096: the names and addresses of the rest take 1,100, more with long names.
MAX_SIZE_BYTES = 2500


def find_path_mistakes(file: SizesFile, originals_prefix: str) -> list[str]:
    """Returns a sentence for each pattern with the prefix, and for patterns that are too long."""
    return [*_find_prefixed(file, originals_prefix), *_find_long(file)]


def _find_prefixed(file: SizesFile, originals_prefix: str) -> list[str]:
    """A size of that folder would be made of no photo: paths begin below it."""
    return [
        f"{file.describe_place(size.name)}: {pattern}: paths begin below {originals_prefix}: write "
        f"{pattern.removeprefix(originals_prefix) or FOLDERS}"
        for size in file.sizes
        for pattern in (*(size.paths or ()), *size.except_)
        if originals_prefix and pattern.startswith(originals_prefix)
    ]


def _find_long(file: SizesFile) -> list[str]:
    texts = {file.describe_place(each.name): each.model_dump_json() for each in file.sizes}
    texts[f"{file.file}: all sizes together, packed"] = pack_sizes(file.sizes)
    lengths = {place: len(text.encode()) for place, text in texts.items()}
    return [
        f"{place}: takes {length:,} bytes, and a function's environment has {MAX_SIZE_BYTES:,} for "
        "it: give fewer or shorter paths and exceptions"
        for place, length in lengths.items()
        if length > MAX_SIZE_BYTES
    ]
