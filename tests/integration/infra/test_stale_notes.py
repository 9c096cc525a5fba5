"""After a deploy, what was made by an old recipe, or is not there yet, is named with its cure."""

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.hooks.stale_notes import find_stale_notes
from infra.naming import WORKER
from lib.operations.stage_commands import StageCommands

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


PROD = StageCommands("prod", "eu-west-1")


@pytest.fixture
def functions() -> "LambdaClient":
    return boto3.client("lambda")


def environment(size: str, cache: str) -> dict[str, str]:
    return {"SIZE": json.dumps({"name": size, "width": 9}), "CACHE_CONTROL": cache}


def template(cache: str = "public", acl: str = "", **recipes: str) -> dict[str, Any]:
    """A template with a worker for each size."""
    more = {"ACL": acl} if acl else {}
    return {
        "Resources": {
            size: {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": f"resize-{size}",
                    "Handler": WORKER,
                    "Environment": {"Variables": environment(size, cache) | more},
                    "Tags": [{"Key": "recipe", "Value": recipe}],
                },
            }
            for size, recipe in recipes.items()
        }
        | {"Other": {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "other"}}}
    }


def deploy(functions: "LambdaClient", **recipes: str) -> None:
    iam = boto3.client("iam")
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handlers/resize.py", "")
    for size, recipe in recipes.items():
        functions.create_function(
            FunctionName=f"resize-{size}",
            Runtime="python3.13",
            Role=role,
            Handler=WORKER,
            Code={"ZipFile": code.getvalue()},
            Tags={"recipe": recipe},
            Environment={"Variables": environment(size, "public")},
        )


def test_nothing_is_said_of_the_first_deploy(functions: "LambdaClient") -> None:
    assert find_stale_notes(functions, StageCommands("dev"), template(small="1", large="2")) == []


def test_nothing_is_said_where_recipes_stay(functions: "LambdaClient") -> None:
    deploy(functions, small="1")
    assert find_stale_notes(functions, StageCommands("dev"), template(small="1")) == []


def test_a_changed_recipe_wants_a_backfill_of_what_is_stale(functions: "LambdaClient") -> None:
    deploy(functions, small="1", large="1")
    (note,) = find_stale_notes(functions, PROD, template(small="2", large="1"))
    assert "small has a new recipe" in note
    assert note.endswith("./fanout backfill --stage prod --region eu-west-1 --size small --stale")


def test_a_new_size_wants_a_backfill_of_what_is_missing(functions: "LambdaClient") -> None:
    deploy(functions, small="1")
    (note,) = find_stale_notes(functions, StageCommands("dev"), template(small="1", large="1"))
    assert note.endswith("./fanout backfill --stage dev --size large")


@pytest.mark.parametrize("change", [{"cache": "private"}, {"acl": "public-read"}])
def test_another_delivery_wants_one_repair_of_all_sizes(
    functions: "LambdaClient", change: dict[str, str]
) -> None:
    deploy(functions, small="1", large="1")
    (note,) = find_stale_notes(functions, PROD, template(small="1", large="1", **change))
    assert note.startswith("small, large: variants are stored with another Cache-Control or ACL")
    assert note.endswith("./fanout audit --stage prod --region eu-west-1 --deep --repair")


def test_a_new_recipe_brings_the_new_delivery_along(functions: "LambdaClient") -> None:
    deploy(functions, small="1", large="1")
    notes = find_stale_notes(functions, PROD, template(cache="private", small="2", large="1"))
    assert [note.splitlines()[-1].strip() for note in notes] == [
        "./fanout backfill --stage prod --region eu-west-1 --size small --stale",
        "./fanout audit --stage prod --region eu-west-1 --deep --repair",
    ]


def test_several_sizes_want_one_command(functions: "LambdaClient") -> None:
    deploy(functions, a="1", b="1", c="1")
    (note,) = find_stale_notes(functions, PROD, template(a="2", b="2", c="1", d="1", e="1"))
    assert note == (
        "d, e are new sizes: photos that are there already lack it.\n"
        "a, b have new recipes: variants that are there already are stale.\n"
        "To render them, once the queues are empty:\n"
        "  ./fanout backfill --stage prod --region eu-west-1 "
        "--size d --size e --size a --size b --stale"
    )


@pytest.mark.parametrize("stage", ["dev", "local"])
def test_all_sizes_want_the_option_for_all(functions: "LambdaClient", stage: str) -> None:
    deploy(functions, a="1", b="1")
    commands = StageCommands(stage, "eu-west-1")
    (note,) = find_stale_notes(functions, commands, template(a="2", b="2", c="1"))
    region = "" if stage == "local" else " --region eu-west-1"
    command = f"  ./fanout backfill --stage {stage}{region} --all-sizes --stale"
    assert note.splitlines()[-1] == command


def test_other_paths_want_a_backfill_and_the_removal_of_orphans(functions: "LambdaClient") -> None:
    deploy(functions, small="1", large="1")
    changed = template(small="1", large="2")
    for properties in (each["Properties"] for each in changed["Resources"].values()):
        if properties.get("FunctionName") == "resize-small":
            size = {"name": "small", "width": 9, "paths": ["avatars/"], "except": []}
            properties["Environment"]["Variables"]["SIZE"] = json.dumps(size)
    on_recipe, on_paths = find_stale_notes(functions, PROD, changed)
    assert "large has a new recipe" in on_recipe
    assert on_paths.startswith("small: made of photos at other paths")
    options = "--stage prod --region eu-west-1"
    assert on_paths.splitlines()[1:] == [
        f"  ./fanout backfill {options} --size small",
        f"  ./fanout audit {options} --repair",
    ]


def test_a_size_without_paths_is_what_an_earlier_version_deployed(
    functions: "LambdaClient",
) -> None:
    deploy(functions, small="1")
    changed = template(small="1")
    size = {"name": "small", "width": 9, "paths": None, "except": []}
    variables = changed["Resources"]["small"]["Properties"]["Environment"]["Variables"]
    variables["SIZE"] = json.dumps(size)
    assert find_stale_notes(functions, PROD, changed) == []
