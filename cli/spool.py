"""Paths kept on disk between being found and being sent: a million of them fit no memory.

What a person was shown the count of, and agreed to, is so exactly what is sent.
"""

import json
import tempfile
from collections.abc import Iterator


class Spool:
    """Paths in the order they were added; gone with the block that it is used in."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115  see __exit__
        self._count = 0

    def add(self, path: str) -> None:
        """Keep a path; JSON, because a path may have a line break in it."""
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
