"""Makes the inputs from photographs, once, in .cache/bench.

The photographs belong to others, so none is committed: they come from Debian packages. If those
cannot be downloaded, small photos from Python packages are enlarged; the figures state it.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from PIL import Image

from bench.cases import Case
from lib.errors import ConfigError
from local.photos import photos

PROJECT = Path(__file__).parents[1]
CACHE = PROJECT / ".cache" / "bench"
LIBRARIES = CACHE / "libturbojpeg0"
# Two photographs at their cameras' own sharpness: a street of 6028 x 3391, a sea of 4096 x 4096.
_PACKAGE = "lomiri-wallpapers-20.04"
_PHOTOS = {"street": "Kleiber_by_Lukas_Baubkus.jpg", "sea": "Infinite-Sea_by_Aury88.jpg"}
# Raised with each change to the inputs below, so that old ones are made again.
_VERSION = 2
_ORIENTATION = 0x0112
# As phones and editors write: JPEGs of 2 bits per pixel and more. A fast AVIF speed saves time.
_OPTIONS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 95, "subsampling": "4:2:0"},
    "png": {"compress_level": 6},
    "webp": {"quality": 90, "method": 4},
    "avif": {"quality": 80, "speed": 8},
    "tiff": {"compression": "tiff_lzw"},
}


def fetch() -> bool:
    """Downloads the photographs; returns whether the large ones are available."""
    CACHE.mkdir(parents=True, exist_ok=True)
    _debian("libturbojpeg0")
    return _debian(_PACKAGE)


def make(case: Case) -> Path:
    """Returns the case's input, making it if necessary."""
    file = folder() / f"{_slug(case.name)}.{case.format}"
    if not file.exists():
        options = dict(_OPTIONS[case.format])
        if case.progressive:
            options["progressive"] = True
        if case.orientation != 1:
            exif = Image.Exif()
            exif[_ORIENTATION] = case.orientation
            options["exif"] = exif
        save(cut(case.photo, case.width, case.height), file, case.format, options)
    return file


def folder() -> Path:
    """Returns the folder of the inputs."""
    return CACHE / f"inputs-{_VERSION}"


def save(image: Image.Image, file: Path, format_: str, options: dict[str, Any]) -> None:
    """Writes an image under a temporary name first, so that no incomplete file remains."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    image.save(unfinished, format_, **options)
    unfinished.rename(file)


def cut(name: str, width: int, height: int) -> Image.Image:
    """Crops a photograph's centre and resizes it to `width` x `height`, without a profile."""
    with Image.open(photograph(name)) as photo:
        image = photo.convert("RGB")
    image.info = {}
    scale = min(image.width / width, image.height / height)
    crop = (round(width * scale), round(height * scale))
    left, top = (image.width - crop[0]) // 2, (image.height - crop[1]) // 2
    part = image.crop((left, top, left + crop[0], top + crop[1]))
    return part.resize((width, height), Image.Resampling.LANCZOS)


def photograph(name: str) -> Path:
    """Returns a photograph's file: the large one, or the small one."""
    large = next((CACHE / _PACKAGE).rglob(_PHOTOS[name]), None)
    if large is not None:
        return large
    small = photos(PROJECT / ".cache" / "photos")
    return small[0] if name == "street" else small[1]


def _debian(package: str) -> bool:
    """Unpacks a Debian package into the cache; needs apt's package lists, but not root."""
    unpacked = CACHE / package
    if unpacked.exists():
        return True
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return False
    download = CACHE / f"{package}.unfinished"
    shutil.rmtree(download, ignore_errors=True)
    download.mkdir()
    run = subprocess.run(
        ["apt-get", "download", package], cwd=download, capture_output=True, check=False
    )
    archive = next(download.glob("*.deb"), None)
    if run.returncode != 0 or archive is None:
        shutil.rmtree(download)
        return False
    if subprocess.run(["dpkg-deb", "-x", archive, download], check=False).returncode != 0:
        raise ConfigError(f"{archive} could not be unpacked: remove {download} and try again")
    archive.unlink()
    download.rename(unpacked)
    return True


def _slug(name: str) -> str:
    return "-".join(name.lower().replace(",", "").split())
