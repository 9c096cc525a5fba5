"""Reads sizes.yml, which queues, functions, alarms and URLs are generated from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lib.errors import ConfigError
from lib.sizes.size import Size
from lib.sizes.watermark import MAX_WATERMARK_BYTES, Watermark


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


def read_watermark(watermark: Watermark, folder: Path) -> bytes:
    """Returns a watermark's file; `folder` is that of sizes.yml. Raises ConfigError."""
    try:
        with (folder / watermark.file).open("rb") as opened:
            data = opened.read(MAX_WATERMARK_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{watermark.file}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_WATERMARK_BYTES:
        raise ConfigError(
            f"{watermark.file}: has more than {MAX_WATERMARK_BYTES:,} bytes: make it smaller"
        )
    return data


def _add_hashes(file: SizesFile) -> SizesFile:
    """Adds the hashes of the watermarks' files; raises ConfigError with a line for each mistake."""
    sizes, mistakes = list[Size](), list[str]()
    for size in file.sizes:
        if size.watermark is None:
            sizes.append(size)
            continue
        try:
            digest = hashlib.sha256(read_watermark(size.watermark, file.folder)).hexdigest()
        except ConfigError as error:
            mistakes.append(f"{file.describe_place(size.name)}: watermark.file: {error}")
            continue
        watermark = size.watermark.model_copy(update={"sha256": digest})
        sizes.append(size.model_copy(update={"watermark": watermark}))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
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
