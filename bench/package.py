"""Measures the zip that a deploy uploads."""

import shutil
import subprocess

from bench.sources import CACHE, PROJECT
from lib.errors import ConfigError

MEGABYTE = 1_000_000


def megabytes() -> float:
    """Packages stage dev, whose functions run on arm64; returns the size of its zip."""
    folder = CACHE / "package"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["npx", "sls", "package", "--stage", "dev", "--package", str(folder)]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise ConfigError(f"sls package failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return (folder / "image-fanout.zip").stat().st_size / MEGABYTE
