"""Fetches the photographs and libjpeg-turbo, once, into .cache/bench.

The photographs belong to others, so none is committed: they come from npm packages that carry files
as cameras wrote them. `npm pack` fetches a package and runs nothing of it.
"""

import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from lib.errors import ConfigError

PROJECT = Path(__file__).parents[1]
CACHE = PROJECT / ".cache" / "bench"


class Package(NamedTuple):
    """A package of npm, the digest of its tarball, and what is taken from it."""

    name: str
    sha256: str
    # The names here, by the names in the tarball.
    files: dict[str, str]


PHOTOGRAPHS = (
    Package(
        "exif@0.6.0",
        "9aa1e1576ea372566e8f7088f81798cb0ebcc1431973c58111a5b59785821733",
        {
            "hand.jpg": "package/test/short-ascii-II.jpg",  # Xiaomi MI3, 13 MP, 4:2:0
            "paris.jpg": "package/test/sony-alpha-6000.jpg",  # Sony A6000, 24 MP, 4:2:2
        },
    ),
    Package(
        "fabric@1.7.22",
        "25e73685795177a545c68e07c3b531b13887d3c908674731db2ec181636006f2",
        # Canon EOS Digital Rebel XTi, 10 MP, 4:4:4, Adobe RGB
        {"dog.jpg": "package/test/fixtures/very_large_image.jpg"},
    ),
    Package(
        "pannellum@2.4.1",
        "65850d6fb138728d7b7af60c278a562595f03462292691005e96e2fa7df995ba",
        {
            "times.jpg": "package/YR0010029.JPG",  # Ricoh Theta S, 14.5 MP, 4:2:2
            "station.jpg": "package/YR0010041.JPG",  # the same
            "hall.jpg": "package/foyer.jpg",  # Ricoh Theta S, 2 MP, 4:2:0
            "mountain.jpg": "package/test.jpg",  # Canon T2i, stitched by Hugin, 17 MP, 4:4:4, sRGB
            "street.jpg": "package/charles-street.jpg",  # 6 MP, 4:4:4, progressive
        },
    ),
    Package(
        "jpeg-autorotate@5.0.0",
        "ee55594cabc92301e12bd4467de86d2976ab5849201f8f7b662c41d0adc63f77",
        # iPhone 6, 8 MP, 4:2:0, progressive, orientation 6
        {"top.jpg": "package/test/samples/image_exif.jpg"},
    ),
    Package(
        "jpeg-exif@1.1.4",
        "a24f344926937e91628690dc0893e38682e2ac2bc3b530ee2ccc7f1ebb2a6e41",
        # iPhone 6 Plus, 6 MP, square, 4:2:0, orientation 6
        {"wall.jpg": "package/test/IMG_0001.JPG"},
    ),
    Package(
        "exiv2@0.6.1",
        "8caabd2ad571047d2db37d87ee8bceec4f79f42da8d0e5acf405449db9fe5ab1",
        {"books.jpg": "package/test/images/books.jpg"},  # Canon PowerShot G6, 2 MP, 4:2:2
    ),
    Package(
        "jpegquality@0.1.7",
        "33403fa2597ca9fbfc1b69117c987a2ca0b80562ee7df7ae536c5a3452f8891b",
        {"bags.jpg": "package/__test__/200%.jpg"},  # Samsung NX mini, 2 MP, portrait, 4:4:0
    ),
)
# The newest that a package has as a library of its own.
TURBO_VERSION = "libjpeg-turbo 3.1.3"
TURBO = Package(
    "@julusian/jpeg-turbo@3.0.1",
    "5dbd64fa34d0caaa651f738ff46fc1797e1b1f23a83d1fc3b6e4a066ea96c1c1",
    {
        f"{machine}.so": f"package/prebuilds/jpeg-turbo-linux-{folder}/libturbojpeg.so.0"
        for machine, folder in (("x86_64", "x64"), ("aarch64", "arm64"))
    },
)


def fetch() -> None:
    """Downloads what is missing; raises ConfigError if a package cannot be had."""
    for package in (*PHOTOGRAPHS, TURBO):
        if any(not (folder_of(package) / name).exists() for name in package.files):
            _unpack(package)


def photograph(name: str) -> Path:
    """Returns the file of a photograph, as its camera wrote it."""
    file = f"{name}.jpg"
    package = next(package for package in PHOTOGRAPHS if file in package.files)
    return folder_of(package) / file


def folder_of(package: Package) -> Path:
    """Returns the folder of a package's files."""
    return CACHE / "packages" / package.sha256[:16]


def _unpack(package: Package) -> None:
    if not shutil.which("npm"):
        raise ConfigError("The photographs come from npm: install Node with npm")
    folder = folder_of(package)
    download = folder.with_suffix(".unfinished")
    shutil.rmtree(download, ignore_errors=True)
    download.mkdir(parents=True)
    command = ["npm", "pack", "--silent", "--pack-destination", str(download), package.name]
    run = subprocess.run(command, cwd=download, capture_output=True, text=True, check=False)
    tarball = next(download.glob("*.tgz"), None)
    if run.returncode != 0 or tarball is None:
        shutil.rmtree(download)
        raise ConfigError(
            f"{package.name} could not be fetched: is npm's registry reachable?\n"
            f"{run.stderr.strip()}"
        )
    if (found := digest(tarball)) != package.sha256:
        shutil.rmtree(download)
        raise ConfigError(f"{package.name} has the SHA-256 {found}, not {package.sha256}")
    _extract(tarball, package.files.items(), download)
    tarball.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    download.rename(folder)


def digest(file: Path) -> str:
    """Returns the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _extract(tarball: Path, files: Iterable[tuple[str, str]], folder: Path) -> None:
    with tarfile.open(tarball) as archive:
        for name, member in files:
            content = archive.extractfile(member)
            if content is None:
                raise ConfigError(f"{tarball.name} has no file {member}")
            (folder / name).write_bytes(content.read())
