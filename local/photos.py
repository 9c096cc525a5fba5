"""Real photographs for trying the pipeline, from published packages.

The photographs belong to others, so none is committed: pip downloads the pinned packages that
ship them.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

from lib.errors import ConfigError
from local.processes import clean_environment


class Source(NamedTuple):
    """A wheel, and the photographs in it."""

    package: str
    files: tuple[str, ...]


# 1280x720 and 810x1080, then two of 640x427: each default size has something to shrink.
SOURCES = (
    Source("ultralytics==8.4.190", ("ultralytics/assets/zidane.jpg", "ultralytics/assets/bus.jpg")),
    Source(
        "scikit-learn==1.9.1",
        ("sklearn/datasets/images/china.jpg", "sklearn/datasets/images/flower.jpg"),
    ),
)


def photos(folder: Path) -> list[Path]:
    """Returns the photographs in `folder`, downloading missing ones; ConfigError if that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        if not all((folder / Path(file).name).exists() for file in source.files):
            _fetch(source, folder)
    return [folder / Path(file).name for source in SOURCES for file in source.files]


def _fetch(source: Source, folder: Path) -> None:
    wheels = folder / "wheels"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    run = subprocess.run(
        [*command, "--only-binary=:all:", "--dest", str(wheels), source.package],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise ConfigError(
            f"Photographs could not be fetched: pip download {source.package} failed:\n"
            f"{run.stderr.strip()}"
        )
    name = source.package.split("==")[0].replace("-", "_")
    for wheel in wheels.glob(f"{name}-*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for file in source.files:
                # Renamed when complete: an interruption leaves no half photo.
                part = wheels / Path(file).name
                part.write_bytes(archive.read(file))
                part.rename(folder / part.name)
    shutil.rmtree(wheels)
