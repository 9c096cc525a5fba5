"""Around a deploy: which sizes will have variants that are not current, or none at all, after it.

A deploy renders nothing anew. AWS is asked before the deploy; what is found is for after it.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from infra.functions import RECIPE_TAG, WORKER
from lib.aws.error_mapping import map_errors
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def find_stale_notes(functions: "LambdaClient", stage: str, template: dict[str, Any]) -> list[str]:
    """A sentence and a command for each size that is new or that the deploy gives another recipe.

    And one for all that are stored for another delivery from now on. None where nothing is
    deployed yet: then there are no variants to speak of.
    """
    wanted = _wanted(template)
    deployed = {size: _deployed(functions, worker.function) for size, worker in wanted.items()}
    if not any(deployed.values()):
        return []
    found = []
    moved = []
    for size, worker in wanted.items():
        before = deployed[size]
        if before is None or before.recipe != worker.recipe:
            found.append(_note(stage, size, is_new=before is None))
        elif before.delivery != worker.delivery:
            moved.append(size)
    return found + ([_note_on_delivery(stage, moved)] if moved else [])


class DeployedWorker(NamedTuple):
    """One size's function: its name, and what its variants are made by and stored with."""

    function: str
    recipe: str
    delivery: tuple[str | None, ...]


def _wanted(template: dict[str, Any]) -> dict[str, DeployedWorker]:
    """Each size's worker as the template has it."""
    found = {}
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if properties.get("Handler") == WORKER:
            environment = properties["Environment"]["Variables"]
            tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
            size = Size.model_validate_json(environment["SIZE"])
            found[size.name] = DeployedWorker(
                properties["FunctionName"], tags[RECIPE_TAG], _delivery(environment)
            )
    return found


def _deployed(functions: "LambdaClient", name: str) -> DeployedWorker | None:
    """The worker as it is deployed; None if there is none."""
    with map_errors(f"reading the settings of {name}"):
        try:
            told = functions.get_function(FunctionName=name)
        except functions.exceptions.ResourceNotFoundException:
            return None
    environment = told["Configuration"].get("Environment", {}).get("Variables", {})
    return DeployedWorker(name, told.get("Tags", {}).get(RECIPE_TAG, ""), _delivery(environment))


def _delivery(environment: dict[str, str]) -> tuple[str | None, ...]:
    return environment.get("CACHE_CONTROL"), environment.get("ACL")


def _note(stage: str, size: str, *, is_new: bool) -> str:
    command = f"./fanout backfill --stage {stage} --size {size}"
    if is_new:
        return f"{size} is new: photos that are there already get it by\n  {command}"
    return (
        f"{size} has a new recipe: variants that are there already are stale. Once its queue is "
        f"empty:\n  {command} --stale"
    )


def _note_on_delivery(stage: str, sizes: list[str]) -> str:
    return (
        f"{', '.join(sizes)}: variants are stored with another Cache-Control or ACL from now on, "
        "and those that are there keep theirs. Once the queues are empty:\n"
        f"  ./fanout audit --stage {stage} --deep --repair"
    )
