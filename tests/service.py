"""A copy of the service that a test may change and package."""

import fcntl
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.processes import clean_environment
from tests.node import serverless

PROJECT = Path(__file__).parents[1]
_PARTS = ("serverless.yml", "sizes.yml", "package.json", "requirements.txt")
_FOLDERS = ("handlers", "lib", "infra", "native", "console", "client")
# Plugins that change the zip and not the template: a third of the time.
_OF_THE_ZIP = tuple(
    f"  - {plugin}\n"
    for plugin in (
        "serverless-python-requirements",
        "./infra/hooks/kernel.js",
        "./infra/hooks/bytecode.js",
    )
)
_TEMPLATES = PROJECT / ".cache" / "templates"
# Long enough for those of other branches, short enough to keep the folder small.
_KEPT_SECONDS = 7 * 24 * 60 * 60


class Service:
    """The service's own files in another folder; the installed packages are shared."""

    def __init__(self, folder: Path, *, with_packages: bool) -> None:
        """Copy it. Without packages the zip has no wheels, and packaging takes seconds."""
        self.folder = folder
        for part in _PARTS:
            shutil.copy(PROJECT / part, folder / part)
        for part in _FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / part, folder / part, ignore=ignored)
        # sls runs local/refresh.py after a deploy to the emulator.
        for part in ("node_modules", ".venv", "local", "cli"):
            (folder / part).symlink_to(PROJECT / part)
        # Wheels, byte code and what the compiler has built in earlier runs are used again.
        for part in (".serverless-cache", ".cache"):
            (PROJECT / part).mkdir(exist_ok=True)
            (folder / part).symlink_to(PROJECT / part)
        if not with_packages:
            (folder / "requirements.txt").write_text("")

    def sls(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run an sls command that needs no AWS; what it printed."""
        return subprocess.run(
            ["node_modules/.bin/sls", *arguments],
            cwd=self.folder,
            env=clean_environment() | {"NODE_NO_WARNINGS": "1"} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def sls_again(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """The same in a process that all tests share, which takes half the time."""
        ran = serverless.ask(
            {
                "folder": str(self.folder),
                "environment": clean_environment() | environment,
                "args": arguments,
            }
        )
        return subprocess.CompletedProcess(arguments, ran["code"], ran["stdout"], ran["stderr"])

    def template(self, stage: str, *arguments: str) -> dict[str, Any]:
        """The compiled CloudFormation template of a stage.

        It is packaged once for the same files and arguments: later runs, and processes beside this
        one, read what that gave.
        """
        compiled = _TEMPLATES / f"{self._fingerprint(stage, *arguments)}.json"
        with _locked(compiled):
            if not compiled.exists():
                self._package(compiled, stage, *arguments)
                _forget_old()
        compiled.touch()
        template: dict[str, Any] = json.loads(compiled.read_text())
        return template

    def _package(self, compiled: Path, stage: str, *arguments: str) -> None:
        document = (self.folder / "serverless.yml").read_text()
        for plugin in _OF_THE_ZIP:
            assert document.count(plugin) == 1
            document = document.replace(plugin, "")
        (self.folder / "template.yml").write_text(document)
        run = self.sls_again("package", "--config", "template.yml", "--stage", stage, *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        made = self.folder / ".serverless" / "cloudformation-template-update-stack.json"
        whole = compiled.with_suffix(".new")
        shutil.copy(made, whole)
        whole.rename(compiled)

    def _fingerprint(self, *arguments: str) -> str:
        """Of all that a template is made of: the service's files, the tools, and what is asked."""
        files = [self.folder / part for part in _PARTS]
        files += [f for part in _FOLDERS for f in (self.folder / part).rglob("*") if f.is_file()]
        digest = sha256(repr((arguments, sys.version_info)).encode())
        digest.update((PROJECT / "package-lock.json").read_bytes())
        digest.update((PROJECT / "constraints.txt").read_bytes())
        for file in sorted(f for f in files if "__pycache__" not in f.parts):
            digest.update(repr((str(file.relative_to(self.folder)), file.read_bytes())).encode())
        return digest.hexdigest()


def fetch_packages() -> None:
    """Fetch the wheels of the local stage, once: two deploys at the same time would mix them up."""
    asked = sha256((PROJECT / "requirements.txt").read_bytes())
    asked.update((PROJECT / "infra" / "hooks" / "packaging.js").read_bytes() + sys.version.encode())
    fetched = PROJECT / ".serverless-cache" / f"{asked.hexdigest()}.fetched"
    with _locked(fetched), TemporaryDirectory() as folder:
        if not fetched.exists():
            run = Service(Path(folder), with_packages=True).sls("package", "--stage", "local")
            assert run.returncode == 0, run.stdout + run.stderr
            fetched.touch()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Keep other processes from making the same file meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_old() -> None:
    before = time.time() - _KEPT_SECONDS
    for file in _TEMPLATES.iterdir():
        if file.stat().st_mtime < before:
            file.unlink(missing_ok=True)
