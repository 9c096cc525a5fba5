"""ImageMagick, with one process per size, as in the reference systems."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.peers.peer import JPEG_QUALITY, AbsentError, Peer, Wanted

# Threads would share one core, and spin while they wait for each other.
_ENVIRONMENT = {**os.environ, "MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}


class Magick(Peer):
    """`convert in -auto-orient -resize WxH^ -gravity center -extent WxH -quality 80 out`."""

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

    def load(self, source: Path, wanted: list[Wanted]) -> None:
        """Stores the path: ImageMagick reads the file for each variant."""
        self._path = source
        del wanted

    def render(self, wanted: Wanted) -> bytes:
        """Renders one variant."""
        area = f"{wanted.width}x{wanted.height or ''}"
        out = Path(self._folder.name) / f"out.{wanted.format}"
        command = [self._convert, str(self._path), "-auto-orient", "-resize"]
        if wanted.fit == "cover" and wanted.height:
            command += [f"{area}^", "-gravity", "center", "-extent", area]
        else:
            command += [area]
        command += ["-interlace", "JPEG", "-quality", str(JPEG_QUALITY), str(out)]
        subprocess.run(command, check=True, env=_ENVIRONMENT)
        return out.read_bytes()


def _run(command: list[str]) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout if run.returncode == 0 else ""
