"""Setting up a browser for the tests: installed where we may, never left out by a pipeline."""

import os
import shutil
from collections.abc import Sequence

import pytest

from local import setup

INSTALL = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]


class Machine:
    """What is installed, who we are, and what was run."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.installed = {"apt-get"}
        self.ran: list[list[str]] = []
        self.works = True
        self.user = 0
        patch.setattr(shutil, "which", lambda name: name if name in self.installed else None)
        patch.setattr(os, "geteuid", lambda: self.user)
        patch.setattr(setup, "run", self._run)
        patch.delenv("CI", raising=False)

    def _run(self, _title: str, command: Sequence[str], failure: str) -> None:
        self.ran.append(list(command))
        if not self.works:
            raise setup.SetupError(failure)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.mark.parametrize("name", ["chromium", "google-chrome", "chromium-browser"])
def test_a_browser_that_is_there_is_taken(machine: Machine, name: str) -> None:
    machine.installed.add(name)
    setup.set_up_browser()
    assert (setup.find_browser(), machine.ran) == (name, [])


def test_root_installs_one(machine: Machine) -> None:
    setup.set_up_browser()
    assert machine.ran == [["apt-get", "update", "-qq"], INSTALL]


@pytest.mark.parametrize(
    ("user", "has_apt", "works"), [(1000, True, True), (0, False, True), (0, True, False)]
)
def test_others_are_told_what_to_install_and_go_on(
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
    user: int,
    has_apt: bool,
    works: bool,
) -> None:
    machine.user, machine.works = user, works
    if not has_apt:
        machine.installed.clear()
    setup.set_up_browser()
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "apt install chromium" in said
    assert "they are left out" in said


@pytest.mark.parametrize("user", [0, 1000])
def test_a_pipeline_leaves_no_test_out(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    monkeypatch.setenv("CI", "true")
    machine.user, machine.works = user, False
    with pytest.raises(setup.SetupError, match="apt install chromium"):
        setup.set_up_browser()
