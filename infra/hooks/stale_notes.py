"""Notes on the sizes whose variants are stale or missing after a deploy.

A deploy renders nothing. The notes are made before the deploy, and shown after it.
"""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.naming import RECIPE_TAG, WORKER, of_type
from lib.aws.error_mapping import map_errors
from lib.operations.stage_commands import LOCAL, StageCommands
from lib.sizes.size import PATHS

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class DeployedWorker(NamedTuple):
    """A size's function: what its variants are made with, stored with and made of."""

    recipe: str
    put_options: tuple[str | None, ...]
    paths: tuple[list[str], ...]


def find_stale_notes(
    functions: "LambdaClient", commands: StageCommands, template: dict[str, Any]
) -> list[str]:
    """Returns notes with the commands that render what a deploy makes stale or missing.

    One is on new sizes and those whose recipe changes, one on those whose put options change, and
    one on those whose paths change. If no worker is deployed yet, there are no variants, and no
    notes.
    """
    new, changed = [], {}
    for function in of_type(template["Resources"], "AWS::Lambda::Function"):
        if function.get("Handler") == WORKER:
            variables = function["Environment"]["Variables"]
            tags = {tag["Key"]: tag["Value"] for tag in function["Tags"]}
            size = json.loads(variables["SIZE"])["name"]
            if deployed := _find_deployed(functions, function["FunctionName"]):
                changed[size] = (deployed, _read_worker(variables, tags))
            else:
                new.append(size)
    if not changed:
        return []
    restyled, stored, moved = list[str](), list[str](), list[str]()
    for size, (before, worker) in changed.items():
        if before.recipe != worker.recipe:
            restyled.append(size)
        elif before.put_options != worker.put_options:
            stored.append(size)
        if before.paths != worker.paths:
            moved.append(size)
    is_all = len(restyled) == len(changed)
    return [
        *([_note_on_recipes(commands, new, restyled, is_all=is_all)] if new or restyled else []),
        *([_note_on_put_options(commands, stored)] if stored else []),
        *([_note_on_paths(commands, moved)] if moved else []),
    ]


def _find_deployed(functions: "LambdaClient", name: str) -> DeployedWorker | None:
    """Returns the deployed worker; None if there is none."""
    with map_errors(f"reading the settings of {name}"):
        try:
            function = functions.get_function(FunctionName=name)
        except functions.exceptions.ResourceNotFoundException:
            return None
    variables = function["Configuration"].get("Environment", {}).get("Variables", {})
    return _read_worker(variables, function.get("Tags", {}))


def _read_worker(variables: dict[str, str], tags: dict[str, str]) -> DeployedWorker:
    """Reads a worker's settings; one that an earlier version deployed has no paths."""
    size = json.loads(variables.get("SIZE", "{}"))
    return DeployedWorker(
        tags.get(RECIPE_TAG, ""),
        (variables.get("CACHE_CONTROL"), variables.get("ACL")),
        tuple(size.get(key) or [] for key in sorted(PATHS)),
    )


def _note_on_recipes(
    commands: StageCommands, new: list[str], restyled: list[str], *, is_all: bool
) -> str:
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
    sizes = ["--all-sizes"] if is_all else [f"--size {size}" for size in (*new, *restyled)]
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
