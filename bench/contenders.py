"""Runs each contender as a warm process that reads and writes lines of JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from bench.peers.peer import Wanted
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
# Those that the goals compare with; the others run few inputs.
MAIN = {"ours", "sharp", "limit"}


def deployed() -> dict[str, str]:
    """Returns this environment with the variables that the stack sets for a worker."""
    return {**os.environ, **allocator(Size(name="800x600", width=800, height=600))}


class Contender:
    """One contender; `absent` says how to install it if this machine lacks it."""

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
        greeting = self._read()
        self.version: str = greeting.get("version", "not installed")
        self.absent: str | None = greeting.get("absent")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def load(self, source: Path, wanted: list[Wanted]) -> None:
        """Loads a photo; the time is not measured."""
        self._send(do="load", path=str(source), wanted=[each._asdict() for each in wanted])

    def run(self, wanted: list[Wanted]) -> dict[str, float]:
        """Makes the variants; returns the CPU seconds of each, by the size's name."""
        seconds: dict[str, float] = self._send(
            do="run", wanted=[each._asdict() for each in wanted]
        )["cpu"]
        return seconds

    def save(self, folder: Path) -> list[Path]:
        """Writes the variants of the last job; returns the files."""
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(file) for file in self._send(do="save", folder=str(folder))["files"]]

    def _send(self, **request: object) -> dict[str, Any]:
        assert self._process.stdin is not None  # noqa: S101  for the type checker: stdin is a pipe
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101  as above
        line = self._process.stdout.readline()
        if not line:
            raise ConfigError(f"{NAMES[self.name]} ended without a response")
        response: dict[str, Any] = json.loads(line)
        if "error" in response:
            raise ConfigError(f"{NAMES[self.name]} failed: {response['error']}")
        return response
