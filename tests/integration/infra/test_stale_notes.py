"""After a deploy, what was made by an old recipe, or is not there yet, is named with its cure."""

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.functions import WORKER
from infra.hooks.stale_notes import find_stale_notes

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


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
    assert find_stale_notes(functions, "dev", template(small="1", large="2")) == []


def test_nothing_is_said_where_recipes_stay(functions: "LambdaClient") -> None:
    deploy(functions, small="1")
    assert find_stale_notes(functions, "dev", template(small="1")) == []


def test_a_changed_recipe_wants_a_backfill_of_what_is_stale(functions: "LambdaClient") -> None:
    deploy(functions, small="1", large="1")
    (note,) = find_stale_notes(functions, "prod", template(small="2", large="1"))
    assert "small has a new recipe" in note
    assert note.endswith("./fanout backfill --stage prod --size small --stale")


def test_a_new_size_wants_a_backfill_of_what_is_missing(functions: "LambdaClient") -> None:
    deploy(functions, small="1")
    (note,) = find_stale_notes(functions, "dev", template(small="1", large="1"))
    assert note.endswith("./fanout backfill --stage dev --size large")


@pytest.mark.parametrize("change", [{"cache": "private"}, {"acl": "public-read"}])
def test_another_delivery_wants_one_repair_of_all_sizes(
    functions: "LambdaClient", change: dict[str, str]
) -> None:
    deploy(functions, small="1", large="1")
    (note,) = find_stale_notes(functions, "prod", template(small="1", large="1", **change))
    assert note.startswith("small, large: variants are stored with another Cache-Control or ACL")
    assert note.endswith("./fanout audit --stage prod --deep --repair")


def test_a_new_recipe_brings_the_new_delivery_along(functions: "LambdaClient") -> None:
    deploy(functions, small="1")
    (note,) = find_stale_notes(functions, "prod", template(cache="private", small="2"))
    assert note.endswith("./fanout backfill --stage prod --size small --stale")
