"""No two resources of one type have one name, whatever sizes are called."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from lib.on_demand import ON_DEMAND
from lib.sizes.size import RESERVED
from tests.infrastructure.generated import HERO, generated
from tests.infrastructure.names import NAMED_BY, find_shared_names, name_of
from tests.infrastructure.template import Template


@pytest.mark.parametrize(
    "names",
    [
        ["purge"],
        ["fetch"],
        ["on-demand"],
        ["purge-dlq"],
        ["fetch-dlq"],
        ["400x300", "400x300-dlq"],
        ["400x300-dlq", "400x300"],
        ["x", "x-subscription"],
        ["x", "x-subscription-dlq"],
    ],
)
def test_sizes_that_give_two_resources_one_name_are_refused(
    tmp_path: Path, names: list[str]
) -> None:
    sizes = [{"name": name, "width": 10} for name in names]
    with pytest.raises(ConfigError, match=rf"sizes\.yml:\d+: {names[-1]}: name: .*rename"):
        generated(tmp_path, sizes)


def test_reserved_names_are_refused_on_stages_that_lack_the_feature(tmp_path: Path) -> None:
    sizes = [{"name": "purge-dlq", "width": 10}, {"name": "on-demand", "width": 10}]
    with pytest.raises(ConfigError) as caught:
        generated(tmp_path, sizes, purge="false")
    assert [line.split(":")[2] for line in str(caught.value).splitlines()] == [
        " purge-dlq",
        " on-demand",
    ]


@pytest.mark.parametrize(
    "names",
    [
        ["x", "y-subscription-dlq"],
        ["dlq", "prefetch", "on-demand-2"],
        ["x-queue", "queue-x", "queue", "age", "x-age", "purge-age", "resize-x", "x"],
        ["uploads", "status", "deletion", "openapi", "authorizer", "console", "dlq-list", "render"],
    ],
)
def test_sizes_that_are_taken_give_each_resource_a_name_of_its_own(
    tmp_path: Path, names: list[str]
) -> None:
    sizes = [{"name": name, "width": 10} for name in names]
    made = generated(tmp_path, sizes, on_demand=["declared"], render="true", console="true")
    resources = made["resources"]["Resources"]
    assert list(find_shared_names(resources)) == []
    functions = [function["name"] for function in made["functions"].values()]
    assert {f"image-fanout-dev-resize-{name}" for name in names} <= set(functions)
    assert len(functions) == len(set(functions))


@pytest.mark.parametrize("stage", ["dev-variants", "dev-alarms"])
def test_a_stage_does_not_take_the_name_of_anothers_topic(tmp_path: Path, stage: str) -> None:
    with pytest.raises(ConfigError, match="topic would have the name of one of stage 'dev'"):
        generated(tmp_path, ["1x1"], stage=stage)


def test_resources_of_one_name_are_found_whatever_their_sizes() -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "x"}}
    function = {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "x"}}
    assert list(find_shared_names({"One": queue, "a": function})) == []
    clashes = list(find_shared_names({"One": queue, "Two": queue, "a": function}))
    assert clashes == [("AWS::SQS::Queue", "x", ["One", "Two"])]


def test_the_name_of_on_demand_metrics_is_reserved() -> None:
    assert ON_DEMAND in RESERVED


def test_names_are_unique_in_each_template(each_stage: Template) -> None:
    assert list(find_shared_names(each_stage.resources)) == []


def test_names_are_unique_in_the_template_with_everything(each_way: Template) -> None:
    assert list(find_shared_names(each_way.resources)) == []


# CloudFront's resources and dashboards are an account's, whatever the region of their stack.
GLOBAL = ("AWS::CloudFront::", "AWS::CloudWatch::Dashboard")


def test_a_stage_can_be_deployed_to_two_regions_of_an_account(tmp_path: Path) -> None:
    one, other = (
        set(_names(generated(tmp_path, [HERO], region=region, on_demand=["declared"])))
        for region in ("eu-west-1", "eu-central-1")
    )
    assert {kind for kind, _ in one if kind.startswith(GLOBAL)} > {"AWS::CloudFront::Function"}
    assert not [kind for kind, _ in one & other if kind.startswith(GLOBAL)]


def _names(made: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Type and name of each resource that has a name."""
    for resource in made["resources"]["Resources"].values():
        kind = resource.get("Type", "")
        if kind in NAMED_BY and (name := name_of(resource)):
            yield kind, name


def test_what_outlives_its_parameter_has_no_fixed_name(each_way: Template) -> None:
    """Switched off and on again, it would be in its own way."""
    kept = {
        logical
        for logical, resource in each_way.resources.items()
        if "Retain" in resource.get("DeletionPolicy", "") and "BucketName" in resource["Properties"]
    }
    exists = each_way.document["Outputs"]["OriginalsBucketName"]["Value"] == "shop-photos"
    assert kept == {"ImagesBucket", "FailuresBucket"} | (set() if exists else {"OriginalsBucket"})


# Types of Serverless's own, one of each or named by their function, for which AWS or Serverless
# makes sure of the rest.
_NAMED_BY_SERVERLESS = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Logs::LogGroup",
}


def test_every_type_that_has_a_name_is_compared(each_way: Template) -> None:
    """Properties that name the resource itself, by the habits of CloudFormation's types."""
    for resource in each_way.resources.values():
        kind = resource["Type"]
        own = {"Name", f"{kind.rpartition(':')[2]}Name"}
        named = own & _properties(resource)
        assert not named or kind in NAMED_BY.keys() | _NAMED_BY_SERVERLESS, kind


def _properties(resource: dict[str, Any]) -> set[str]:
    """Names of a resource's properties, and of those within its configuration."""
    properties = resource["Properties"]
    parts = [each for key, each in properties.items() if key.endswith("Config")]
    return {*properties, *(key for part in parts for key in part)}
