"""Notes on the sizes whose variants are stale or missing after a deploy.

A deploy renders nothing. The notes are made before the deploy, and shown after it.
"""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.workers import RECIPE_TAG, WORKER
from lib.aws.error_mapping import map_errors
from lib.operations.stage_commands import LOCAL, StageCommands
from lib.sizes import Size
from lib.sizes.size import PATHS

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def find_stale_notes(
    functions: "LambdaClient", commands: StageCommands, template: dict[str, Any]
) -> list[str]:
    """Returns notes with the commands that render what a deploy makes stale or missing.

    One is on new sizes and those whose recipe changes, one on those whose put options change, and
    one on those whose paths change. If no worker is deployed yet, there are no variants, and no
    notes.
    """
    workers = _read_template(template)
    deployed = {size: _read_deployed(functions, each.function) for size, each in workers.items()}
    if not any(deployed.values()):
        return []
    new, restyled, changed, moved = list[str](), list[str](), list[str](), list[str]()
    for size, worker in workers.items():
        before = deployed[size]
        if before is None:
            new.append(size)
        elif before.recipe != worker.recipe:
            restyled.append(size)
        elif before.put_options != worker.put_options:
            changed.append(size)
        if before is not None and before.paths != worker.paths:
            moved.append(size)
    notes = []
    if new or restyled:
        is_all = len(new) + len(restyled) == len(workers)
        sizes = ["--all-sizes"] if is_all else [f"--size {size}" for size in (*new, *restyled)]
        notes.append(_note(commands, new, restyled, sizes))
    notes += [_note_on_put_options(commands, changed)] if changed else []
    return notes + ([_note_on_paths(commands, moved)] if moved else [])


class DeployedWorker(NamedTuple):
    """A size's function: its name, its recipe id, its put options and its paths."""

    function: str
    recipe: str
    put_options: tuple[str | None, ...]
    paths: tuple[list[str], ...]


def _read_template(template: dict[str, Any]) -> dict[str, DeployedWorker]:
    """Returns each size's worker as the template has it."""
    workers = {}
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if properties.get("Handler") == WORKER:
            environment = properties["Environment"]["Variables"]
            tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
            size = Size.model_validate_json(environment["SIZE"])
            workers[size.name] = DeployedWorker(
                properties["FunctionName"],
                tags[RECIPE_TAG],
                _put_options(environment),
                _read_paths(environment),
            )
    return workers


def _read_deployed(functions: "LambdaClient", name: str) -> DeployedWorker | None:
    """Returns the deployed worker; None if there is none."""
    with map_errors(f"reading the settings of {name}"):
        try:
            function = functions.get_function(FunctionName=name)
        except functions.exceptions.ResourceNotFoundException:
            return None
    environment = function["Configuration"].get("Environment", {}).get("Variables", {})
    recipe = function.get("Tags", {}).get(RECIPE_TAG, "")
    return DeployedWorker(name, recipe, _put_options(environment), _read_paths(environment))


def _put_options(environment: dict[str, str]) -> tuple[str | None, ...]:
    return environment.get("CACHE_CONTROL"), environment.get("ACL")


def _read_paths(environment: dict[str, str]) -> tuple[list[str], ...]:
    """Returns the patterns of a size; one that an earlier version deployed has none."""
    size = json.loads(environment.get("SIZE", "{}"))
    return tuple(size.get(key) or [] for key in sorted(PATHS))


def _note(commands: StageCommands, new: list[str], restyled: list[str], sizes: list[str]) -> str:
    lines = []
    if new:
        what = "is a new size" if len(new) == 1 else "are new sizes"
        lines.append(f"{', '.join(new)} {what}: photos that are there already lack it.")
    if restyled:
        what = "has a new recipe" if len(restyled) == 1 else "have new recipes"
        lines.append(f"{', '.join(restyled)} {what}: variants that are there already are stale.")
        lines.append("To render them, once the queues are empty:")
    else:
        lines.append("To render them:")
    command = commands.fanout("backfill", *sizes, *(["--stale"] if restyled else []))
    return "\n".join([*lines, f"  {command}"])


def _note_on_put_options(commands: StageCommands, sizes: list[str]) -> str:
    return (
        f"{', '.join(sizes)}: variants are stored with another Cache-Control or ACL from now on, "
        "and those that are there keep theirs. To store them again, once the queues are empty:\n"
        f"  {commands.fanout('audit', '--deep', '--repair')}"
    )


def _note_on_paths(commands: StageCommands, sizes: list[str]) -> str:
    options = [f"--size {size}" for size in sizes]
    return (
        f"{', '.join(sizes)}: made of photos at other paths from now on. Of photos that are there "
        "already, variants may be missing, and others are orphans, which stay readable. To render "
        f"and to delete them{_after_filters(commands)}:\n"
        f"  {commands.fanout('backfill', *options)}\n"
        f"  {commands.fanout('audit', '--repair')}"
    )


def _after_filters(commands: StageCommands) -> str:
    """Returns when no filter of SNS drops uploads any more that the sizes are made of."""
    return "" if commands.stage == LOCAL else ", once SNS has applied its filters, in 15 minutes"
