"""Stores found paths on disk: a million of them would not fit in memory.

A command so sends exactly the paths that the user confirmed.
"""

import json
import tempfile
from collections.abc import Iterator


class Spool:
    """Paths in the order they were added; deleted at the end of the `with` block."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115  see __exit__
        self._count = 0

    def add(self, path: str) -> None:
        """Adds a path, as JSON because a path may contain a line break."""
        self._file.write(json.dumps(path) + "\n")
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        self._file.seek(0)
        return (json.loads(line) for line in self._file)

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
