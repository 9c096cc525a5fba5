"""A copy of the project's own files in another folder, in which a test may run make."""

import os
import shutil
import subprocess
from pathlib import Path

from local.processes import clean_environment
from tests.service import PROJECT

_FILES = (
    *("Makefile", "fanout", "constraints.txt", "package.json", "package-lock.json"),
    *("requirements.txt", "serverless.yml", "sizes.yml", "pyproject.toml"),
)
_FOLDERS = ("cli", "handlers", "infra", "lib", "local", "native")


class Checkout:
    """The copy; with `packages`, those of this project are linked and count as set up."""

    def __init__(self, folder: Path, *, packages: bool) -> None:
        self.folder = folder
        folder.mkdir()
        for name in _FILES:
            shutil.copy(PROJECT / name, folder / name)
            # Older than any set-up: make would install into the linked folders.
            os.utime(folder / name, (1, 1))
        for name in _FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
        if packages:
            (PROJECT / ".serverless-cache").mkdir(exist_ok=True)
            for name in (".venv", "node_modules", ".serverless-cache"):
                (folder / name).symlink_to(PROJECT / name)
            if (ready := folder / "native" / "built" / ".ready").exists():
                ready.touch()

    def start(self, *command: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a command in a session of its own, so that its process group can get signals."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=clean_environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, **environment: str) -> tuple[int, str]:
        """Run a command; its exit code and all that it printed."""
        with self.start(*command, **environment) as process:
            output, _ = process.communicate(timeout=300)
        assert "Traceback" not in output, output
        return process.returncode, output
