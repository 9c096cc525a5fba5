"""Compiles a stage's template as a deploy does, without calls to AWS."""

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple

import typer

from lib.errors import ConfigError

PROJECT = Path(__file__).resolve().parent.parent
# Packaging installs these into the zip; the template does not depend on them.
_REQUIREMENTS = "requirements.txt"
# The hidden folders that packaging uses; others may be large.
_HIDDEN = {".venv", ".serverless-cache"}


RegionOption = Annotated[
    str | None,
    typer.Option("--region", help="The stage's region", show_default="the stage's parameter"),
]
ParameterOption = Annotated[
    list[str] | None,
    typer.Option("--param", help="A parameter of the deploy, as name=value; repeat it for more"),
]


class CompiledStage(NamedTuple):
    """A compiled template, with the service and region that it was compiled for."""

    template: dict[str, Any]
    service: str
    region: str


def compile_stage(stage: str, region: str | None, parameters: list[str]) -> CompiledStage:
    """Packages the stage with `name=value` parameters; raises ConfigError with sls's output."""
    sls = PROJECT / "node_modules" / ".bin" / "sls"
    if not sls.exists():
        raise ConfigError("Serverless is not installed in node_modules: run make setup")
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
    """Copies the project, mostly as links, so that its last package and zip stay unchanged."""
    for part in PROJECT.iterdir():
        if part.name.startswith(".") and part.name not in _HIDDEN:
            continue
        # sls follows links to folders, but its own configuration must be a file.
        if part.is_file():
            shutil.copy(part, folder)
        else:
            (folder / part.name).symlink_to(part)
    (folder / _REQUIREMENTS).write_text("")
