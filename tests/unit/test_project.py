"""What the project says of itself agrees: version, licence, licences of others."""

import json
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from infra.licences import (
    LIBRARIES_OF_PILLOW,
    NOT_IN_ZIP,
    list_libraries,
    list_packages,
    make_tables,
    read_texts,
)
from tests.command_line import fanout

PROJECT = Path(__file__).parents[2]
PYTHON = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
NODE = json.loads((PROJECT / "package.json").read_text())


def test_the_version_is_the_same_wherever_it_is_told() -> None:
    changes = (PROJECT / "CHANGELOG.md").read_text()
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changes, re.MULTILINE)
    run = fanout("--version")
    assert (run.code, run.out) == (0, f"fanout {PYTHON['version']}\n")
    assert PYTHON["version"] == NODE["version"] == released[0]
    assert changes.index("## [Unreleased]") < changes.index(f"## [{released[0]}]")


def test_the_licence_is_the_same_wherever_it_is_told() -> None:
    text = (PROJECT / "LICENSE").read_text()
    assert text.startswith(f"{PYTHON['license']} License\n")
    assert "Image Fan-out contributors" in text
    assert NODE["license"] == PYTHON["license"] == "MIT"


def test_the_page_has_the_licences_of_all_that_the_zip_carries() -> None:
    assert make_tables() in (PROJECT / "docs" / "licences.md").read_text()


def test_each_package_of_the_zip_has_a_licence_with_its_text() -> None:
    pinned = (PROJECT / "requirements.txt").read_text().count("==")
    assert len(list_packages()) == pinned > 10
    for package in list_packages():
        assert any(len(text) > 500 for _, text in read_texts(package)), package.name
    assert "| |" not in make_tables()


def test_each_library_that_pillows_licence_names_is_known() -> None:
    ((_, text),) = read_texts(distribution("pillow"))
    assert set(re.findall(r"^----\n\n(\w+)\n", text, re.MULTILINE)) == (
        LIBRARIES_OF_PILLOW.keys() | NOT_IN_ZIP
    )


def test_heics_libraries_are_told_with_their_copyleft() -> None:
    found = {library.name: library.licence for _, library in list_libraries()}
    assert (found["x265"], found["libheif"]) == ("GPLv2", "LGPLv3")
