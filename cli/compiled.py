"""A stage's template as a deploy would compile it: no AWS account is asked."""

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from lib.errors import ConfigError

PROJECT = Path(__file__).resolve().parent.parent
# What packaging fetches for the zip, and nothing in the template depends on.
_REQUIREMENTS = "requirements.txt"
# Of the folders with a dot those that packaging uses: other ones may be large.
_HIDDEN = {".venv", ".serverless-cache"}


class CompiledStage(NamedTuple):
    """The template, and the names that it was compiled for."""

    template: dict[str, Any]
    service: str
    region: str


def compile_stage(stage: str, region: str | None, parameters: list[str]) -> CompiledStage:
    """Package the stage with these `name=value` parameters; ConfigError with what sls refuses."""
    sls = PROJECT / "node_modules" / ".bin" / "sls"
    if not sls.exists():
        raise ConfigError("Serverless is not installed in node_modules: make setup")
    command = [str(sls), "package", "--stage", stage]
    command += ["--region", region] if region else []
    command += [f"--param={each}" for each in parameters]
    with TemporaryDirectory() as folder:
        copy = Path(folder)
        _copy_project(copy)
        run = subprocess.run(
            command,
            cwd=copy,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise ConfigError(f"sls package failed:\n{(run.stdout + run.stderr).strip()}")
        packaged = copy / ".serverless"
        template = packaged / "cloudformation-template-update-stack.json"
        state = json.loads((packaged / "serverless-state.json").read_text())["service"]
        return CompiledStage(
            json.loads(template.read_text()), state["service"], state["provider"]["region"]
        )


def _copy_project(folder: Path) -> None:
    """Lay out the project once more, so that neither its last package nor its zip is touched."""
    for part in PROJECT.iterdir():
        if part.name.startswith(".") and part.name not in _HIDDEN:
            continue
        # sls follows links to folders, but takes none for its own configuration.
        if part.is_file():
            shutil.copy(part, folder)
        else:
            (folder / part.name).symlink_to(part)
    (folder / _REQUIREMENTS).write_text("")
