"""POST /render: a function with a core and a role of its own, where the stage asks for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from lib.sizes import Size, unpack_sizes
from tests.infrastructure.generated import HERO, generated, generated_template
from tests.infrastructure.template import Template

ROLE = "RoleOfRender"
SIZES = [{"name": "small", "width": 40, "memory": 1024}, {**HERO, "memory": 3008}]


@pytest.fixture
def function(tmp_path: Path) -> dict[str, Any]:
    made = generated(tmp_path, SIZES, render="true")
    found: dict[str, Any] = made["functions"]["render"]
    return found


@pytest.fixture
def template(tmp_path: Path) -> Template:
    return generated_template(tmp_path, SIZES, render="true")


def test_there_is_nothing_of_it_unless_asked_for(dev: Template) -> None:
    assert "RenderLambdaFunction" not in dev.resources
    assert ROLE not in dev.resources
    found = [logical for logical in dev.resources if "Render" in logical]
    # The route stays, and leads elsewhere (test_api.py).
    assert found == ["HttpApiRoutePostRender"]
    variables = dev.properties("OpenapiLambdaFunction")["Environment"]["Variables"]
    assert variables["RENDER_SIZES"] == "[]"


def test_the_document_describes_it(tmp_path: Path) -> None:
    made = generated(tmp_path, SIZES, render="true")
    sizes = made["functions"]["openapi"]["environment"]["RENDER_SIZES"]
    assert json.loads(sizes) == [size["name"] for size in SIZES]


def test_it_has_the_memory_of_the_largest_size_and_gives_up_before_its_caller(
    function: dict[str, Any],
) -> None:
    assert function["memorySize"] == 3008
    assert function["timeout"] < 30
    retained = Size(**SIZES[1]).retained_memory
    assert function["environment"]["MALLOC_TRIM_THRESHOLD_"] == str(retained)


def test_it_knows_every_size(function: dict[str, Any]) -> None:
    assert unpack_sizes(function["environment"]["PACKED_SIZES"]) == [Size(**each) for each in SIZES]


@pytest.mark.parametrize(
    ("auth", "authorizer"),
    [("token", {"name": "token"}), ("iam", {"type": "aws_iam"}), ("none", None)],
)
def test_those_may_call_it_who_may_upload(
    tmp_path: Path, auth: str, authorizer: dict[str, str] | None
) -> None:
    made = generated(tmp_path, SIZES, render="true", auth=auth)["functions"]
    (event,) = made["render"]["events"]
    assert event["httpApi"].get("authorizer") == authorizer
    (upload, _) = made["uploads"]["events"]
    assert upload["httpApi"].get("authorizer") == authorizer


def test_it_is_called_less_often_than_tickets_are_given(tmp_path: Path) -> None:
    extensions = generated(tmp_path, SIZES, render="true")["resources"]["extensions"]
    settings = extensions["HttpApiStage"]["Properties"]["RouteSettings"]
    limits = {route: each["ThrottlingRateLimit"] for route, each in settings.items()}
    assert (limits["POST /uploads"], limits["POST /render"]) == (100, 20)


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:GetObject"])
def test_its_role_writes_and_looks_at_originals(template: Template, action: str) -> None:
    originals = "arn:aws:s3:::originalsbucket"
    assert template.role_allows(ROLE, action, f"{originals}/originals/a.jpg")
    assert template.role_allows(ROLE, "s3:ListBucket", originals, prefix="originals/a.jpg")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:DeleteObject", "arn:aws:s3:::originalsbucket/originals/a.jpg"),
        ("s3:PutObject", "arn:aws:s3:::originalsbucket/other/a.jpg"),
        ("s3:ListBucket", "arn:aws:s3:::originalsbucket"),
        ("s3:PutObject", "arn:aws:s3:::imagesbucket/small/a.jpg"),
        ("s3:GetObject", "arn:aws:s3:::imagesbucket/small/a.jpg"),
        ("s3:GetObject", "arn:aws:s3:::failuresbucket/small/a.jpg"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:image-fanout-dev-small"),
        ("secretsmanager:GetSecretValue", "Tokens.Id"),
    ],
)
def test_its_role_allows_nothing_else(template: Template, action: str, resource: str) -> None:
    assert not template.role_allows(ROLE, action, resource)
