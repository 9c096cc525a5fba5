"""Notes on the sizes whose variants are stale or missing after a deploy.

A deploy renders nothing. The notes are made before the deploy, and shown after it.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from infra.functions import RECIPE_TAG, WORKER
from lib.aws.error_mapping import map_errors
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def find_stale_notes(functions: "LambdaClient", stage: str, template: dict[str, Any]) -> list[str]:
    """Returns a note with a command for each size that is new or whose recipe changes.

    One more note lists the sizes whose put options change. If no worker is deployed yet, there are
    no variants, and no notes.
    """
    workers = _read_template(template)
    deployed = {size: _read_deployed(functions, each.function) for size, each in workers.items()}
    if not any(deployed.values()):
        return []
    notes = []
    changed = []
    for size, worker in workers.items():
        before = deployed[size]
        if before is None or before.recipe != worker.recipe:
            notes.append(_note(stage, size, is_new=before is None))
        elif before.put_options != worker.put_options:
            changed.append(size)
    return notes + ([_note_on_put_options(stage, changed)] if changed else [])


class DeployedWorker(NamedTuple):
    """A size's function: its name, its recipe id and its put options."""

    function: str
    recipe: str
    put_options: tuple[str | None, ...]


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
                properties["FunctionName"], tags[RECIPE_TAG], _put_options(environment)
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
    return DeployedWorker(name, recipe, _put_options(environment))


def _put_options(environment: dict[str, str]) -> tuple[str | None, ...]:
    return environment.get("CACHE_CONTROL"), environment.get("ACL")


def _note(stage: str, size: str, *, is_new: bool) -> str:
    command = f"./fanout backfill --stage {stage} --size {size}"
    if is_new:
        return f"{size} is new: photos that are there already get it by\n  {command}"
    return (
        f"{size} has a new recipe: variants that are there already are stale. Once its queue is "
        f"empty:\n  {command} --stale"
    )


def _note_on_put_options(stage: str, sizes: list[str]) -> str:
    return (
        f"{', '.join(sizes)}: variants are stored with another Cache-Control or ACL from now on, "
        "and those that are there keep theirs. Once the queues are empty:\n"
        f"  ./fanout audit --stage {stage} --deep --repair"
    )
