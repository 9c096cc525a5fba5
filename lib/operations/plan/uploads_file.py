"""Reads a CSV file with the uploads of each hour."""

import csv
import math
from pathlib import Path

from lib.errors import ConfigError

_COLUMN = "uploads"
_EXAMPLE = (
    "a header with a column 'uploads', and a line for each hour, such as 2026-11-28T09:00,120"
)
# A year of hours: more is probably not one line an hour.
_MAX_HOURS = 366 * 24


def read_uploads(file: Path) -> list[float]:
    """Returns the uploads of each hour, in the file's order; raises ConfigError if it has none."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is no text in UTF-8: give it {_EXAMPLE}") from error
    try:
        rows = list(csv.DictReader(text.splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise ConfigError(f"{file}: is no CSV file: {error}") from error
    if not rows or _COLUMN not in rows[0]:
        raise ConfigError(f"{file}: has no column 'uploads': give it {_EXAMPLE}")
    if len(rows) > _MAX_HOURS:
        raise ConfigError(
            f"{file}: has {len(rows):,} lines, and the limit is a year of hours, {_MAX_HOURS:,}"
        )
    hours = [_parse(file, number, row[_COLUMN]) for number, row in enumerate(rows, 2)]
    if not sum(hours):
        raise ConfigError(f"{file}: has no uploads in any hour")
    return hours


def _parse(file: Path, line: int, text: str | None) -> float:
    try:
        count = float(text or "")
    except ValueError:
        count = math.nan
    if not (math.isfinite(count) and count >= 0):
        raise ConfigError(f"{file}:{line}: uploads: must be a number of at least 0, got {text!r}")
    return count
