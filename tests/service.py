"""A copy of the service that a test may change and package."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from local.processes import clean_environment

PROJECT = Path(__file__).parents[1]
_PARTS = ("serverless.yml", "sizes.yml", "package.json", "requirements.txt")
_FOLDERS = ("handlers", "lib", "infra")


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
        for part in ("node_modules", ".venv"):
            (folder / part).symlink_to(PROJECT / part)
        if with_packages:
            # Wheels fetched by an earlier run are used again.
            cache = PROJECT / ".serverless-cache"
            cache.mkdir(exist_ok=True)
            (folder / ".serverless-cache").symlink_to(cache)
        else:
            (folder / "requirements.txt").write_text("")

    def sls(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run an sls command that needs no AWS; what it printed."""
        return subprocess.run(
            ["node_modules/.bin/sls", *arguments],
            cwd=self.folder,
            env=clean_environment() | {"NODE_NO_WARNINGS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def template(self, stage: str, *arguments: str) -> dict[str, Any]:
        """The compiled CloudFormation template of a stage."""
        run = self.sls("package", "--stage", stage, *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        compiled = self.folder / ".serverless" / "cloudformation-template-update-stack.json"
        template: dict[str, Any] = json.loads(compiled.read_text())
        return template
