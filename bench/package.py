"""Measures the zip that a deploy uploads."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from bench.sources import CACHE, PROJECT
from lib.errors import ConfigError

MEGABYTE = 1_000_000
_MACHINE = "aarch64-linux-gnu.so"  # suffix of modules for arm64
_STAGE = "dev"


def megabytes() -> float:
    """Returns the size of the arm64 zip of the last `sls package`, or of a new one."""
    zip_file = PROJECT / ".serverless" / "image-fanout.zip"
    if not _is_arm64(zip_file):
        zip_file = _package() / "image-fanout.zip"
    return zip_file.stat().st_size / MEGABYTE


def _is_arm64(zip_file: Path) -> bool:
    if not zip_file.exists():
        return False
    with zipfile.ZipFile(zip_file) as archive:
        return any(name.endswith(_MACHINE) for name in archive.namelist())


def _package() -> Path:
    folder = CACHE / "package"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["npx", "sls", "package", "--stage", _STAGE, "--package", str(folder)]
    run = subprocess.run(
        command, cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        raise ConfigError(f"sls package failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return folder
