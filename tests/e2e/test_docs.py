"""What the documents tell people to type works, and shows what they say it shows."""

import re
import subprocess
from pathlib import Path

import pytest

from lib.errors import Reason
from local.processes import clean_environment

PROJECT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md"))]


def test_make_demo_prints_the_table_that_the_readme_shows(packages: None) -> None:
    run = subprocess.run(
        ["make", "demo"],
        cwd=PROJECT,
        env=clean_environment() | {"COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    shown = (PROJECT / "README.md").read_text()
    for line in ("┃ photo      ┃ size      ┃ pixels   ┃", "│ zidane.jpg │ 800x600   │ 800x600  │"):
        assert line in shown
        assert line in run.stdout
    assert "reason   truncated" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)`", document.read_text())) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    for link in links:
        assert (document.parent / link).exists(), link
    for file in re.findall(r"`((?:lib|infra|local|tests|handlers)/[\w/.]+)`", text):
        assert (PROJECT / file).exists(), file


def test_every_reason_is_explained_to_the_operator() -> None:
    explained = (PROJECT / "docs" / "operations.md").read_text()
    assert [reason for reason in Reason if f"`{reason}`" not in explained] == []
