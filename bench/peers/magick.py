"""ImageMagick, called as the reference systems call it: a process per size."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.peers.peer import JPEG_QUALITY, AbsentError, Box, Peer

# Its threads would share our one core, and spin while they wait for each other.
_ENVIRONMENT = {**os.environ, "MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}


class Magick(Peer):
    """`convert in -resize WxH^ -gravity center -extent WxH -quality 80 out`."""

    def __init__(self) -> None:
        # Debian's own path first: what else goes by that name on a PATH may be anything.
        found = [path for path in ("/usr/bin/convert", shutil.which("convert")) if path]
        for path in found:
            if Path(path).exists() and "ImageMagick" in (told := _output([path, "-version"])):
                self._convert = path
                self.version = " ".join(told.split()[1:3])
                break
        else:
            raise AbsentError("apt-get install imagemagick")
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")

    def load(self, source: Path, boxes: list[Box]) -> None:
        """Remember the path: it reads the file itself, every time."""
        self._path = source
        del boxes

    def render(self, box: Box, target: str) -> bytes:
        """One variant."""
        asked = f"{box[0]}x{box[1]}"
        out = Path(self._folder.name) / f"out.{target}"
        command = [self._convert, str(self._path), "-resize", f"{asked}^"]
        command += ["-gravity", "center", "-extent", asked, "-quality", str(JPEG_QUALITY), str(out)]
        subprocess.run(command, check=True, env=_ENVIRONMENT)
        return out.read_bytes()


def _output(command: list[str]) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout if run.returncode == 0 else ""
