"""Around a deploy: which sizes will have variants of an old recipe, or none at all, after it.

A deploy renders nothing anew. Run as `python -m infra.recipes STAGE REGION` with {"template": ...}
on standard input, before the deploy; what it prints is for after it.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

import boto3

from infra.functions import RECIPE_TAG, WORKER
from lib.aws.failures import translated
from lib.errors import FanoutError
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def notes(functions: "LambdaClient", stage: str, template: dict[str, Any]) -> list[str]:
    """A sentence and a command for each size that the deploy gives another recipe, or that is new.

    None where nothing is deployed yet: then there are no variants to speak of.
    """
    deployed: dict[str, str | None] = {}
    wanted = dict(_recipes(template))
    for size, (function, _) in wanted.items():
        deployed[size] = _deployed_recipe(functions, function)
    if not any(deployed.values()):
        return []
    return [
        _note(stage, size, is_new=deployed[size] is None)
        for size, (_, recipe) in wanted.items()
        if deployed[size] != recipe
    ]


def _recipes(template: dict[str, Any]) -> list[tuple[str, tuple[str, str]]]:
    """Each size's name, with the name of its function and its recipe."""
    found = []
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if properties.get("Handler") == WORKER:
            size = Size.model_validate_json(properties["Environment"]["Variables"]["SIZE"])
            tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
            found.append((size.name, (properties["FunctionName"], tags[RECIPE_TAG])))
    return found


def _deployed_recipe(functions: "LambdaClient", name: str) -> str | None:
    """The recipe of a deployed function; "" for one that has no tag, None if there is none."""
    with translated(f"reading the tags of {name}"):
        try:
            tags = functions.get_function(FunctionName=name).get("Tags", {})
        except functions.exceptions.ResourceNotFoundException:
            return None
    return tags.get(RECIPE_TAG, "")


def _note(stage: str, size: str, *, is_new: bool) -> str:
    command = f"./fanout backfill --stage {stage} --size {size}"
    if is_new:
        return f"{size} is new: photos that are there already get it by\n  {command}"
    return (
        f"{size} has a new recipe: variants that are there already are stale. Once its queue is "
        f"empty:\n  {command} --stale"
    )


def main() -> int:
    """Print the notes; exit code 1, and the reason on standard error, where AWS cannot be asked."""
    stage, region = sys.argv[1:3]
    template = json.load(sys.stdin)["template"]
    try:
        for note in notes(boto3.client("lambda", region_name=region), stage, template):
            print(note)
    except FanoutError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
