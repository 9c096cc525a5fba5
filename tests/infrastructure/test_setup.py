"""What sls says before `make setup`, and how it ends where something is refused."""

import os
import shutil
import venv
from pathlib import Path

import pytest

from tests.service import PROJECT, Service

SENTENCE = "This project's Python packages are not installed: run `make setup` once."


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """The folder of a Python without any package."""
    folder = tmp_path / "bare"
    venv.create(folder, with_pip=False)
    return folder


@pytest.fixture
def service(tmp_path: Path) -> Service:
    folder = tmp_path / "clone"
    folder.mkdir()
    return Service(folder, with_packages=False)


@pytest.mark.parametrize("command", ["deploy", "package"])
@pytest.mark.parametrize("stage", ["dev", "local"])
def test_without_the_packages_sls_ends_in_one_sentence(
    service: Service,
    bare_python: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    stage: str,
) -> None:
    (service.folder / ".venv").unlink()
    monkeypatch.setenv("PATH", str(bare_python / "bin"), prepend=os.pathsep)
    run = service.sls_again(command, "--stage", stage)
    assert run.returncode == 1
    assert (run.stdout + run.stderr).strip() == SENTENCE


def test_a_setup_that_was_interrupted_is_no_setup(
    service: Service, bare_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (service.folder / ".venv").unlink()
    shutil.move(bare_python, service.folder / ".venv")
    monkeypatch.setenv("PATH", str(service.folder / ".venv" / "bin"), prepend=os.pathsep)
    run = service.sls("package")
    assert run.returncode == 1
    assert (run.stdout + run.stderr).strip() == SENTENCE


def test_what_is_refused_is_said_once_and_nothing_else(service: Service) -> None:
    run = service.sls_again("package", "--stage", "Prod")
    assert run.returncode == 1
    output = (run.stdout + run.stderr).strip()
    assert output.startswith("--stage: 'Prod' must be 1 to 12 lower-case letters")
    assert "\n" not in output


def test_the_sentence_names_a_target_that_there_is() -> None:
    assert "\nsetup: " in (PROJECT / "Makefile").read_text()
