"""A set-up that fails shows the tool's own error and one sentence; the next one goes on."""

import fcntl
import os
import signal
import sys
from pathlib import Path

import pytest

from local import setup
from tests.checkout import Checkout

NODE = "node_modules/.ready"
# Nothing listens there.
NOWHERE = "http://127.0.0.1:9"
NO_PYPI = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "PIP_INDEX_URL": NOWHERE,
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_RETRIES": "0",
}


@pytest.fixture
def bare(tmp_path: Path) -> Checkout:
    """A fresh clone."""
    return Checkout(tmp_path / "clone", packages=False)


@pytest.fixture
def with_python(bare: Checkout) -> Checkout:
    """One whose Python packages are there: this process has them."""
    (bare.folder / ".venv" / "bin").mkdir(parents=True)
    (bare.folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (bare.folder / ".venv" / ".ready").touch()
    return bare


def program(folder: Path, name: str, script: str) -> str:
    """Put a shell script on the PATH under a name; that PATH."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def sentence(output: str) -> str:
    """The last line before that of make."""
    *_, last, of_make = output.splitlines()
    assert of_make.startswith("make: ***")
    return last


def test_pips_own_error_is_shown(bare: Checkout) -> None:
    code, output = bare.run("make", "setup", f"PYTHON={sys.executable}", **NO_PYPI)
    assert code != 0
    assert "No matching distribution found for uv==" in output
    assert sentence(output) == "Set-up failed: pip could not install uv; its own message is above"
    assert not (bare.folder / ".venv" / ".ready").exists()


def test_npms_own_error_is_shown(with_python: Checkout, tmp_path: Path) -> None:
    code, output = with_python.run(
        "make",
        NODE,
        npm_config_registry=NOWHERE,
        npm_config_cache=str(tmp_path / "cache"),
        npm_config_fetch_retries="0",
    )
    assert code != 0
    assert "ECONNREFUSED" in output
    assert sentence(output).startswith("Set-up failed: npm ci could not install the Node packages")
    assert not (with_python.folder / "node_modules" / ".ready").exists()


@pytest.mark.parametrize("begun", [False, True])
def test_the_command_line_names_a_set_up_that_is_missing(bare: Checkout, begun: bool) -> None:
    if begun:
        (bare.folder / ".venv" / "bin").mkdir(parents=True)
        (bare.folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    assert bare.run("./fanout", "--help") == (1, "Not set up yet, or not completely: make setup\n")


def test_an_old_node_is_named(with_python: Checkout, tmp_path: Path) -> None:
    path = program(tmp_path / "bin", "node", "echo v18.20.1")
    code, output = with_python.run("make", NODE, PATH=path)
    assert code != 0
    assert sentence(output) == "Node 20.19 or newer is needed, this is v18.20.1"


def test_a_full_or_read_only_folder_is_named(bare: Checkout) -> None:
    (bare.folder / ".cache").write_text("a file where a folder must be")
    code, output = bare.run("make", "setup", f"PYTHON={sys.executable}")
    assert code != 0
    assert sentence(output) == "Set-up failed: File exists: .cache"


def test_packages_of_another_folder_are_not_replaced(bare: Checkout, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "package").touch()
    (bare.folder / ".venv").symlink_to(tmp_path / "other")
    code, output = bare.run("make", "setup", f"PYTHON={sys.executable}")
    assert code != 0
    assert sentence(output).startswith(".venv is a link")
    assert (tmp_path / "other" / "package").exists()


def test_of_two_at_once_the_second_waits_and_has_nothing_left_to_do(with_python: Checkout) -> None:
    lock = with_python.folder / ".cache" / "setup.lock"
    lock.parent.mkdir()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = with_python.start("make", NODE, PATH=os.environ["PATH"])
        assert second.stdout
        assert second.stdout.readline().startswith("Another set-up is at work here")
        (with_python.folder / "node_modules").mkdir()
        (with_python.folder / "node_modules" / ".ready").touch()
    with second:
        assert second.communicate(timeout=60)[0] == ""
    assert second.returncode == 0


def test_an_interruption_is_one_sentence_and_no_set_up(
    with_python: Checkout, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    path = program(tmp_path / "bin", "npm", f"echo > {started}; exec sleep 600")
    with with_python.start("make", NODE, PATH=path) as process:
        started.read_text()
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert "Interrupted. The next run sets up what is missing." in output
    assert "Traceback" not in output
    assert not (with_python.folder / "node_modules" / ".ready").exists()


def test_of_a_tools_message_only_the_stack_trace_is_left_out() -> None:
    trace = 'Traceback (most recent call last):\n  File "a.py", line 1\n    b()\nBroken: it\n'
    npm = "npm error code ECONNREFUSED\nnpm error     at emit (node:events:524:28)\nnpm error x\n"
    assert setup.strip_traces(f"ERROR: No space left\n{trace}") == "ERROR: No space left"
    assert setup.strip_traces(npm) == "npm error code ECONNREFUSED\nnpm error x"
    assert setup.strip_traces(trace) == trace.strip()


def test_tools_use_this_folder_if_the_home_folder_is_read_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in setup.CACHES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert setup.find_caches() == {}
    # Below a file nothing can be created, by root neither.
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file" / "home"))
    caches = setup.find_caches()
    assert caches.keys() == setup.CACHES.keys()
    assert all(Path(folder).parent == setup.PROJECT / ".cache" for folder in caches.values())
    monkeypatch.setenv("npm_config_cache", "/mine")
    assert "npm_config_cache" not in setup.find_caches()
