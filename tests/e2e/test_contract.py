"""The deployed API against its own document: each answer is one that it promises."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from lib.errors import ProblemKind
from lib.fetching.urls import MAX_LENGTH
from lib.uploads.viewer_urls import MAX_SECONDS
from local.client import aws
from local.stack import DeployedStack
from tests.api import NOWHERE, SECONDS, assert_reveals_nothing, bearer

# Imported where it is used: it takes a tenth of the time before a first test.
if TYPE_CHECKING:
    from schemathesis import APIOperation, Case
    from schemathesis.specs.openapi.schemas import OpenApiSchema

    Operation = APIOperation[Any, Any, Any, Any]

RENDER = "POST /render"
LIST = "GET /dead-letters"
OPERATIONS = (
    "POST /uploads",
    "POST /uploads/batch",
    "POST /uploads/status",
    "GET /uploads",
    "GET /uploads/{path}",
    "DELETE /uploads",
    "DELETE /uploads/{path}",
    RENDER,
    LIST,
    "POST /dead-letters/replay",
    "POST /dead-letters/purge",
    "POST /rechecks",
)
# Random ones of each kind for each operation, beside some hundred that stand at the document's
# own bounds. Those find most; each costs a tenth of a second and more.
EXAMPLES = 10


@pytest.fixture(scope="module")
def document(stack: DeployedStack) -> dict[str, Any]:
    answer = requests.get(f"{stack.api}/openapi.json", timeout=SECONDS)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def contract(document: dict[str, Any], stack: DeployedStack) -> Iterator["OpenApiSchema"]:
    """The document as schemathesis reads it; what was ordered to be fetched is forgotten after."""
    import schemathesis  # noqa: PLC0415

    config = schemathesis.config.SchemathesisConfig.from_dict(
        {
            "seed": 1,
            # Who may call is asked below. A method without a route is API Gateway's to refuse,
            # and it says 404 where schemathesis wants 405.
            "generation": {"with-security-parameters": False},
            "phases": {"coverage": {"unexpected-methods": []}},
        }
    )
    yield schemathesis.openapi.from_dict(document, config=config)
    sqs = aws(stack, "sqs")
    for queue in ("fetch", "fetch-dlq"):
        url = sqs.get_queue_url(QueueName=f"image-fanout-local-{queue}")["QueueUrl"]
        sqs.purge_queue(QueueUrl=url)


def test_the_document_has_no_other_operations(document: dict[str, Any]) -> None:
    found = {f"{method.upper()} {path}" for path, of in document["paths"].items() for method in of}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_the_document_says(
    label: str, contract: "OpenApiSchema", stack: DeployedStack
) -> None:
    operation = of(contract, label)
    taken: set[int] = set()
    refused: set[int] = set()
    sent = set()
    for case in cases(contract, operation):
        adapt(case)
        # Bounds that this stage has lower, or has not, make many cases the same one.
        wish = repr((is_right(case), case.query, case.path_parameters, case.media_type, case.body))
        if (wish, repr(case.headers)) in sent:
            continue
        sent.add((wish, repr(case.headers)))
        status = check(case, stack)
        (taken if is_right(case) else refused).add(status)
    # Both were tried, or the checks above say little. No text but an empty one is a wrong path.
    assert any(status < 300 for status in taken)
    assert any(status >= 400 for status in refused) or "{path}" in label or label == LIST


def of(contract: "OpenApiSchema", label: str) -> "Operation":
    method, path = label.split()
    operation: Operation = contract[path][method]
    return operation


def cases(contract: "OpenApiSchema", operation: "Operation") -> Iterator["Case[Any]"]:
    """Requests at the bounds that the document sets, inside and outside, and random ones."""
    from schemathesis import GenerationMode  # noqa: PLC0415

    modes = list(GenerationMode)
    yield from contract.iter_coverage_cases(
        operation, generation_modes=modes, generation_config=contract.config.generation
    )
    if operation.path_parameters or operation.label == LIST:  # which nothing can be wrong with
        modes.remove(GenerationMode.NEGATIVE)
    for mode in modes:
        yield from drawn(operation.as_strategy(generation_mode=mode))


def drawn(strategy: SearchStrategy["Case[Any]"]) -> list["Case[Any]"]:
    """The same examples at each run."""
    examples = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(strategy)
    def draw(case: "Case[Any]") -> None:
        examples.append(case)

    draw()
    return examples


def adapt(case: "Case[Any]") -> None:
    """Make of a case one that this stage takes, or refuses for what is wrong with it."""
    if isinstance(case.body, dict | list):  # looked at again, bytes would count as wrong
        case.body = acceptable(case.body)
    if is_right(case) and label_of(case) == RENDER:
        # What the document does not tell: the formats of each size, and that a size, signed
        # dimensions and a size by hand are three ways to ask for one picture.
        left_out = {"format", "signed", "by_hand"}
        # A photo that is stored is rendered at each size: only where the case is about that.
        about = case.meta and case.meta.phase.data
        if getattr(about, "parameter", "store") not in ("store", "overwrite"):
            left_out.add("store")
        others = {k: v for k, v in case.query.items() if k not in left_out}
        case.query = {"size": "400x300", **others}
    if is_right(case) and isinstance(case.query, dict):
        # Nor that only a private stage signs URLs.
        case.query = {k: v for k, v in case.query.items() if k != "signed"}
    if is_right(case) and isinstance(case.body, dict) and "/dead-letters/" in label_of(case):
        case.body = {
            **case.body,
            "paths": [],
        }  # no letter of another test, and no queue to wait for
    case.path_parameters = without_newlines(case.path_parameters)


def check(case: "Case[Any]", stack: DeployedStack) -> int:
    """Send one request, look at all that the document says about its answer; its status."""
    answer = case.call_and_validate(
        stack.api, headers=bearer(stack), checks=checks(), timeout=SECONDS
    )
    text = answer.content.decode(errors="replace")  # where it is no picture
    assert_reveals_nothing(answer.status_code, text)
    if kept := answer.headers.get("x-fanout-path"):
        query = {"path": unquote(kept[0])}
        requests.delete(
            f"{stack.api}/uploads", params=query, headers=bearer(stack), timeout=SECONDS
        )
    if is_right(case):
        # What fits the document may be too large, or taken; it is never malformed, nor unknown.
        assert answer.status_code != 404, case
        assert ProblemKind.INVALID_REQUEST not in text, case
    return answer.status_code


def checks() -> list[Any]:
    from schemathesis import checks  # noqa: PLC0415
    from schemathesis.specs.openapi import checks as openapi  # noqa: PLC0415

    return [
        checks.not_a_server_error,
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_headers_conformance,
        openapi.response_schema_conformance,
        openapi.negative_data_rejection,
    ]


def is_right(case: "Case[Any]") -> bool:
    """Whether a request is one that the document promises to take."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def label_of(case: "Case[Any]") -> str:
    return str(case.operation.label)


@pytest.mark.parametrize("label", OPERATIONS)
def test_strangers_are_turned_away(
    label: str, contract: "OpenApiSchema", stack: DeployedStack
) -> None:
    operation = of(contract, label)
    assert operation.schema.raw_schema["security"] == [{"token": []}]
    assert "security" not in operation.definition.raw
    case = next(iter(cases(contract, operation)))
    nobody = case.call(stack.api, timeout=SECONDS)
    # The last of 43 characters has four of the 256 bits: no token ends in "_".
    guess = {"Authorization": f"Bearer {stack.token[:-1]}_"}
    stranger = case.call(stack.api, headers=guess, timeout=SECONDS)
    assert (nobody.status_code, stranger.status_code) == (401, 403)
    assert nobody.json() == {"message": "Unauthorized"}


def acceptable(body: Any) -> Any:
    """The same wish within this stage's limits, which its document does not tell, and harmless.

    What is wrong with it stays wrong: no value of a wrong type or length is replaced.
    """
    if isinstance(body, list):
        return [acceptable(each) for each in body]
    if not isinstance(body, dict):
        return body
    body = {name: acceptable(value) for name, value in body.items()}
    if is_whole(body.get("signed")) and 1 <= body["signed"] <= MAX_SECONDS:
        del body["signed"]  # this stage signs no URLs
    if isinstance(body.get("content_type"), str):
        body["content_type"] = "image/jpeg"
    if is_whole(body.get("bytes")) and body["bytes"] > 1:
        body["bytes"] = 1000
    url = body.get("url")
    if isinstance(url, str) and 1 <= len(url) <= MAX_LENGTH:
        body["url"] = NOWHERE
    return body


def is_whole(number: object) -> bool:
    """An integer as JSON Schema knows it: 7.0 is one, true is none."""
    if isinstance(number, float):
        return number.is_integer()
    return isinstance(number, int) and not isinstance(number, bool)


def without_newlines(values: Any) -> Any:
    """The emulator alone answers 404: its routes are regular expressions whose dot matches none."""
    if not isinstance(values, dict):
        return values
    return {
        name: value.replace("\n", "\r") if isinstance(value, str) else value
        for name, value in values.items()
    }
