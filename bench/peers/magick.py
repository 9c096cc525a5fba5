"""ImageMagick, with one process per size, as in the reference systems."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.peers.peer import JPEG_QUALITY, AbsentError, Box, Peer

# Threads would share one core, and spin while they wait for each other.
_ENVIRONMENT = {**os.environ, "MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}


class Magick(Peer):
    """`convert in -resize WxH^ -gravity center -extent WxH -quality 80 out`."""

    def __init__(self) -> None:
        # Debian's path first: another `convert` on the PATH may be any program.
        candidates = [path for path in ("/usr/bin/convert", shutil.which("convert")) if path]
        for path in candidates:
            if Path(path).exists() and "ImageMagick" in (output := _run([path, "-version"])):
                self._convert = path
                self.version = " ".join(output.split()[1:3])
                break
        else:
            raise AbsentError("apt-get install imagemagick")
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")

    def load(self, source: Path, boxes: list[Box]) -> None:
        """Stores the path: ImageMagick reads the file for each variant."""
        self._path = source
        del boxes

    def render(self, box: Box, target: str) -> bytes:
        """Renders one variant."""
        area = f"{box[0]}x{box[1]}"
        out = Path(self._folder.name) / f"out.{target}"
        command = [self._convert, str(self._path), "-resize", f"{area}^"]
        command += ["-gravity", "center", "-extent", area, "-quality", str(JPEG_QUALITY), str(out)]
        subprocess.run(command, check=True, env=_ENVIRONMENT)
        return out.read_bytes()


def _run(command: list[str]) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout if run.returncode == 0 else ""
