"""Reads sizes.yml, which queues, functions, alarms and URLs are generated from."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from lib.errors import ConfigError
from lib.sizes.size import Size
from lib.sizes.watermark import MAX_WATERMARK_BYTES

T = TypeVar("T")


@dataclass(frozen=True)
class SizesFile:
    """The sizes of a file, and the line of each by its name.

    Watermarks' files are relative to `folder`.
    """

    file: str
    sizes: list[Size]
    lines: Mapping[str, int]
    folder: Path = Path()

    def describe_place(self, size: str) -> str:
        """Names a size's entry for a message: file, line and name."""
        return f"{self.file}:{self.lines[size]}: {size}"


def load_sizes(path: str | Path) -> list[Size]:
    """Reads and validates sizes.yml; raises ConfigError as `read_sizes` does."""
    return read_sizes(path).sizes


def read_sizes(path: str | Path) -> SizesFile:
    """Reads and validates sizes.yml.

    Raises ConfigError with a line for each mistake: file, line, entry, key, value and correction.
    """
    # Functions get their sizes from the environment: there is no YAML in the zip.
    from lib.sizes.document import MAX_BYTES  # noqa: PLC0415

    path = Path(path)
    file = str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    return _add_hashes(replace(parse_sizes(data, file=file), folder=path.parent))


def map_watermarks(file: SizesFile, work: Callable[[bytes], T]) -> dict[str, T]:
    """Returns the results of `work` on the file of each size's watermark, by the size's name.

    Raises ConfigError with a line for each file that cannot be read or that `work` refuses.
    """
    results, mistakes = dict[str, T](), list[str]()
    for size in file.sizes:
        if size.watermark:
            name = size.watermark.file
            try:
                results[size.name] = work(_read_watermark(file.folder / name))
            except ConfigError as error:
                place = file.describe_place(size.name)
                mistakes.append(f"{place}: watermark.file: {name}: {error}")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return results


def _read_watermark(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_WATERMARK_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_WATERMARK_BYTES:
        raise ConfigError(f"has more than {MAX_WATERMARK_BYTES:,} bytes: make it smaller")
    return data


def _add_hashes(file: SizesFile) -> SizesFile:
    """Adds the hashes of the watermarks' files; raises ConfigError as `map_watermarks` does."""
    hashes = map_watermarks(file, lambda data: hashlib.sha256(data).hexdigest())
    sizes = list[Size]()
    for size in file.sizes:
        if size.watermark:
            watermark = size.watermark.model_copy(update={"sha256": hashes[size.name]})
            sizes.append(size.model_copy(update={"watermark": watermark}))
        else:
            sizes.append(size)
    return replace(file, sizes=sizes)


def parse_sizes(data: bytes, *, file: str) -> SizesFile:
    """Validates the content of sizes.yml; raises ConfigError with `file` as its name.

    The sizes have no hashes of their watermarks' files, which are not looked at.
    """
    from lib.sizes.document import read_document  # noqa: PLC0415
    from lib.sizes.reader import SizesReader  # noqa: PLC0415

    reader = SizesReader(read_document(data, file))
    sizes = reader.read()
    if reader.mistakes:
        mistakes = sorted(reader.mistakes, key=lambda mistake: mistake.line)
        raise ConfigError("\n".join(f"{file}:{mistake}" for mistake in mistakes))
    return SizesFile(file, [each for _, each in sizes], {each.name: line for line, each in sizes})
