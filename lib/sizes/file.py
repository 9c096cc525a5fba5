"""Reads sizes.yml, which queues, functions, alarms and URLs are generated from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.errors import ConfigError
from lib.sizes.size import Size


@dataclass(frozen=True)
class SizesFile:
    """The sizes of a file, and the line of each by its name."""

    file: str
    sizes: list[Size]
    lines: Mapping[str, int]

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
    return parse_sizes(data, file=file)


def parse_sizes(data: bytes, *, file: str) -> SizesFile:
    """Validates the content of sizes.yml; raises ConfigError with `file` as its name."""
    from lib.sizes.document import read_document  # noqa: PLC0415
    from lib.sizes.reader import SizesReader  # noqa: PLC0415

    reader = SizesReader(read_document(data, file))
    sizes = reader.read()
    if reader.mistakes:
        mistakes = sorted(reader.mistakes, key=lambda mistake: mistake.line)
        raise ConfigError("\n".join(f"{file}:{mistake}" for mistake in mistakes))
    return SizesFile(file, [each for _, each in sizes], {each.name: line for line, each in sizes})
