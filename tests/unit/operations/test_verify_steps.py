"""Steps of a verification: which are tried, and what is told of those that fail."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lib.aws.error_mapping import map_access_denied
from lib.aws.stacks import Stack
from lib.errors import ConfigError, StepError
from lib.operations.stage_commands import StageCommands
from lib.operations.verify.steps import Step, Verification
from lib.operations.verify.target import Target, read_features
from lib.operations.verify.web import Web


@pytest.fixture
def verification() -> Verification:
    nobody: Any = None
    return Verification(
        Target(
            commands=StageCommands("dev"),
            stack=Stack("image-fanout-dev", {}, {}),
            folder="verify-1",
            images_url="https://images.example",
            features=frozenset(),
            upload_types=["image/gif", "image/webp"],
            s3=nobody,
            sqs=nobody,
            web=Web("https://api.example", None),
        )
    )


def failing(error: Exception) -> Callable[[Target], str]:
    def run(_: Target) -> str:
        raise error

    return run


def denied(_: Target) -> str:
    """What becomes of a call that AWS refuses."""
    metadata: Any = {"HTTPStatusCode": 403, "RequestId": "4DX8"}
    error: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": metadata}
    with map_access_denied("look"):
        raise ClientError(error, "HeadObject")


def test_what_needs_a_failed_step_is_not_tried_and_the_rest_is(verification: Verification) -> None:
    steps = (
        Step("first", failing(StepError("no", "there")), ()),
        Step("second", lambda _: "done", needs=("first",)),
        Step("third", lambda _: "done", needs=("second",)),
        Step("other", lambda _: "done", ()),
        Step("last", lambda _: "done", needs=("other",)),
        Step("both", lambda _: "done", needs=("other", "first")),
        Step("off", failing(AssertionError()), (), why_off=lambda _: "render"),
    )
    results = [verification.take(step) for step in steps]
    states = ["failed", "not_tried", "not_tried", "passed", "passed", "not_tried", "off"]
    assert [result.state for result in results] == states
    assert (results[0].detail, results[0].look_at) == ("no", "there")
    assert [result.detail for result in results[1:]] == [
        "it needs the step first",
        "it needs the step second",
        "done",
        "done",
        "it needs the step first",
        "render",
    ]


def test_a_call_that_aws_refused_is_shown_with_its_request_id(verification: Verification) -> None:
    result = verification.take(Step("look", denied, ()))
    assert result.requests == [("HeadObject", "", 403, "4DX8")]
    assert "docs/operations.md" in result.detail
    assert result.look_at == "./fanout doctor --stage dev"


def test_photos_are_of_a_type_that_the_stage_takes(verification: Verification) -> None:
    types: list[str] = []

    def run(target: Target) -> str:
        types.append(target.content_type)
        return ""

    verification.take(Step("photo", run, ()))
    assert types == ["image/webp"]


def test_a_stack_says_what_is_on_or_is_of_an_earlier_version() -> None:
    assert read_features(Stack("s", {"Features": '["render"]'}, {})) == {"render"}
    with pytest.raises(ConfigError, match="s was deployed by an earlier version"):
        read_features(Stack("s", {}, {}))
