"""Licences of the packages in the Lambda zip, from the metadata of the installed ones.

`python -m infra.licences` prints the tables of docs/licences.md; with `texts`, it prints all
licence texts, which have to accompany a zip that is passed on.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple

_REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"
_PINNED = re.compile(r"^([\w.-]+)==", re.MULTILINE)
# If this stands for the name of a licence, the classifiers have the names.
_NO_NAME = "Dual License"
_CLASSIFIER = "License :: OSI Approved :: "


class Library(NamedTuple):
    """A library in a wheel: its licence, and the names of its files if it has its own."""

    name: str
    licence: str
    files: tuple[str, ...] = ()


# Pillow's wheel has its libraries' licence texts under these headings, but no short names.
LIBRARIES_OF_PILLOW = {
    "AOM": Library("libaom (in libavif)", "BSD-2-Clause"),
    "DAV1D": Library("dav1d (in libavif)", "BSD-2-Clause"),
    "LCMS2": Library("Little CMS", "MIT", ("liblcms2",)),
    "LIBAVIF": Library("libavif", "BSD-2-Clause", ("libavif",)),
    "LIBJPEG": Library("libjpeg-turbo", "IJG, BSD-3-Clause, Zlib", ("libjpeg",)),
    "LIBLZMA": Library("liblzma", "0BSD", ("liblzma",)),
    "LIBTIFF": Library("libtiff", "libtiff", ("libtiff",)),
    "LIBWEBP": Library(
        "libwebp", "BSD-3-Clause", ("libsharpyuv", "libwebp", "libwebpdemux", "libwebpmux")
    ),
    "LIBYUV": Library("libyuv (in libavif)", "BSD-3-Clause"),
    "OPENJPEG": Library("OpenJPEG", "BSD-2-Clause", ("libopenjp2",)),
    "XAU": Library("libXau", "MIT-open-group", ("libXau",)),
    "XCB": Library("libxcb", "MIT", ("libxcb",)),
    "XDMCP": Library("libXdmcp (in libxcb)", "MIT-open-group"),
    "ZLIB": Library("zlib", "Zlib"),
    "ZSTD": Library("Zstandard", "BSD-3-Clause", ("libzstd",)),
}
# Linked into isal's modules; its text is among the wheel's files, not in its metadata.
_ISA_L = Library("ISA-L", "BSD-3-Clause")
# Linked into the modules of cryptography and cffi, without texts in their wheels.
_OPENSSL, _LIBFFI = Library("OpenSSL", "Apache-2.0"), Library("libffi", "MIT")
# In the wheel, but removed from the zip: libraries that draw text and windows.
NOT_IN_ZIP = {"BROTLI", "BZIP2", "FREETYPE2", "HARFBUZZ", "LIBPNG", "RAQM", "TCL_TK"}
_HEADING = re.compile(r"^----\n\n([A-Z0-9_]+)\n", re.MULTILINE)
# pillow-heif's wheel has a list of its libraries.
_BUNDLED = re.compile(r"^Name: (?P<name>.+)\nLicense: (?P<licence>.+)\n", re.MULTILINE)


def list_packages() -> list[Distribution]:
    """Lists the packages of requirements.txt, as they are installed."""
    names = sorted(_PINNED.findall(_REQUIREMENTS.read_text()), key=str.lower)
    return [distribution(name) for name in names]


def find_licence(package: Distribution) -> str:
    """Returns the name of a package's licence, from its metadata."""
    metadata = package.metadata
    names = metadata.get_all("License-Expression") or metadata.get_all("License") or [_NO_NAME]
    if names != [_NO_NAME]:
        return str(names[0])
    classifiers = metadata.get_all("Classifier") or []
    return " or ".join(
        each.removeprefix(_CLASSIFIER) for each in classifiers if each.startswith(_CLASSIFIER)
    )


def read_texts(package: Distribution) -> Iterator[tuple[str, str]]:
    """Yields the name and text of each licence file in a package's metadata."""
    names = set(package.metadata.get_all("License-File") or [])
    for file in package.files or []:
        if file.name in names and (".dist-info" in file.parts[0] or "isa-l" in file.parts):
            yield file.name, file.read_text()


def list_libraries() -> list[tuple[str, Library]]:
    """Lists the compiled libraries in the zip, each with its package."""
    pillow = "".join(text for _, text in read_texts(distribution("pillow")))
    headings = sorted(set(_HEADING.findall(pillow)) - NOT_IN_ZIP)
    heif = dict(read_texts(distribution("pillow-heif")))["LICENSES_bundled.txt"]
    return [
        ("cffi", _LIBFFI),
        ("cryptography", _OPENSSL),
        ("isal", _ISA_L),
        *(("Pillow", LIBRARIES_OF_PILLOW[heading]) for heading in headings),
        *(
            ("pillow-heif", Library(entry["name"], entry["licence"], (_file(entry["name"]),)))
            for entry in _BUNDLED.finditer(heif)
            if "Windows" not in entry["name"]
        ),
    ]


def _file(name: str) -> str:
    return name if name.startswith("lib") else f"lib{name}"


def make_tables() -> str:
    """Formats the tables of docs/licences.md."""
    packages = [
        f"| {package.name} | {package.version} | {find_licence(package)} |"
        for package in list_packages()
    ]
    libraries = [
        f"| {library.name} | {library.licence} | {package} |"
        for package, library in list_libraries()
    ]
    return "\n".join(
        [
            "| package | version | licence |",
            "|---|---|---|",
            *packages,
            "",
            "| library | licence | in the wheel of |",
            "|---|---|---|",
            *libraries,
        ]
    )


def main() -> None:
    """Prints the tables, or the texts."""
    if sys.argv[1:] != ["texts"]:
        print(make_tables())
        return
    for package in list_packages():
        for name, text in read_texts(package):
            print(f"==== {package.name} {package.version}: {name}\n\n{text}\n")


if __name__ == "__main__":
    main()
