"""The contenders as this side sees them: a warm process each, asked by lines of JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from infra.functions import allocator
from lib.errors import ConfigError
from lib.sizes import Size

_FOLDER = Path(__file__).parent
# Ours first; then in the order of the table.
NAMES = {
    "ours": "Image Fan-out",
    "sharp": "sharp",
    "vips": "pyvips",
    "magick": "ImageMagick",
    "naive": "naive Pillow",
    "limit": "libjpeg-turbo alone",
}
# A full decode and more for each size: seconds on a large photo.
SLOW = {"magick", "naive"}


def deployed() -> dict[str, str]:
    """This process's environment, with what the stack sets for a function that renders."""
    return {**os.environ, **allocator(Size(name="800x600", width=800, height=600))}


class Contender:
    """One of them; `absent` says how to get what this machine does not have."""

    def __init__(self, name: str) -> None:
        self.name = name
        command = ["node", str(_FOLDER / "peers/sharp.mjs")]
        if name != "sharp":
            command = [sys.executable, "-m", "bench.serve", name]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_FOLDER.parent,
            env=deployed() if name == "ours" else None,
        )
        greeting = self._answer()
        self.version: str = greeting.get("version", "not installed")
        self.absent: str | None = greeting.get("absent")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def load(self, source: Path, boxes: list[tuple[int, int]]) -> None:
        """Give it a photo; what it does with it now is not measured."""
        self._ask(do="load", path=str(source), boxes=boxes)

    def run(self, boxes: list[tuple[int, int]], target: str) -> tuple[float, list[int]]:
        """One job: seconds of CPU time, and the bytes of each variant."""
        answer = self._ask(do="run", boxes=boxes, target=target)
        return answer["cpu"], answer["bytes"]

    def save(self, folder: Path) -> list[Path]:
        """The variants of the last job, as files."""
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(file) for file in self._ask(do="save", folder=str(folder))["files"]]

    def _ask(self, **request: object) -> dict[str, Any]:
        assert self._process.stdin is not None  # noqa: S101  for the type checker: it is a pipe
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101  as above
        line = self._process.stdout.readline()
        if not line:
            raise ConfigError(f"{NAMES[self.name]} ended before it answered")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ConfigError(f"{NAMES[self.name]} failed: {answer['error']}")
        return answer
