"""The size of the zip that AWS gets."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from bench import inputs
from lib.errors import ConfigError

MEGABYTE = 1_000_000
_MACHINE = "aarch64-linux-gnu.so"  # how the modules of arm64 end
_STAGE = "dev"


def megabytes() -> float:
    """The zip for arm64: the one of the last `sls package`, or one that is made now."""
    zip_file = inputs.PROJECT / ".serverless" / "image-fanout.zip"
    if not _is_ours(zip_file):
        zip_file = _packaged() / "image-fanout.zip"
    return zip_file.stat().st_size / MEGABYTE


def _is_ours(zip_file: Path) -> bool:
    if not zip_file.exists():
        return False
    with zipfile.ZipFile(zip_file) as archive:
        return any(name.endswith(_MACHINE) for name in archive.namelist())


def _packaged() -> Path:
    folder = inputs.CACHE / "package"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["npx", "sls", "package", "--stage", _STAGE, "--package", str(folder)]
    run = subprocess.run(
        command, cwd=inputs.PROJECT, env=os.environ, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        raise ConfigError(f"sls package failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return folder
