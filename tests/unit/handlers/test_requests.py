"""What the API's functions make of a request before it is looked at, and of errors after."""

import base64
import json
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.shared.http import handle, make_resolver, make_router
from handlers.shared.problems import PROBLEM
from handlers.shared.requests import get_path
from lib.errors import ConfigError, PermanentError, ProblemKind, Reason, TransientError
from tests.api import assert_reveals_nothing
from tests.payloads import payload

CONTEXT = LambdaContext()


def ask(method: str, path: str, **more: Any) -> dict[str, Any]:
    """One request to a function that returns what it was given, or fails as the path says."""
    router = make_router()

    @router.get("/uploads/<segment>")
    def show(segment: str) -> Response[str]:
        return Response(200, "text/plain", get_path(segment))

    @router.post("/uploads")
    def take(body: dict[str, int]) -> dict[str, int]:
        return body

    @router.get("/wrong")
    def answer_wrongly() -> dict[str, int]:
        return {"a": __file__}  # type: ignore[dict-item]

    @router.delete("/uploads/<segment>")
    def fail(segment: str) -> None:
        raise {
            "crash": ZeroDivisionError(__file__),
            "setting": ConfigError(__file__),
            "busy": TransientError("SlowDown", __file__),
            "path": PermanentError(Reason.BAD_KEY, "give another"),
        }[segment]

    event = payload("api_create_upload")
    event["requestContext"]["http"]["method"] = method
    return handle(make_resolver(router), event | {"rawPath": path} | more, CONTEXT)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/uploads/2026/a b.jpg", "2026/a b.jpg"),
        ("/uploads/50%25.jpg", "50%.jpg"),
        ("/uploads/a%2525", "a%25"),
        ("/uploads//a", "/a"),
        ("//uploads/a", "a"),
        ("/uploads/a\nb", "a\nb"),
    ],
)
def test_a_path_arrives_whole_and_decoded_once(raw: str, path: str) -> None:
    response = ask("GET", raw)
    assert (response["statusCode"], response["body"]) == (200, path)


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "application/json"}, {"content-type": "Application/JSON; charset=utf-8"}],
)
def test_json_is_read_whatever_its_type_looks_like(headers: dict[str, str]) -> None:
    body = base64.b64encode(b'{"a": 1}').decode()
    for more in ({"body": '{"a": 1}'}, {"body": body, "isBase64Encoded": True}):
        response = ask("POST", "/uploads", headers=headers, **more)
        assert (response["statusCode"], json.loads(response["body"])) == (200, {"a": 1})


@pytest.mark.parametrize(
    ("more", "status", "kind", "said"),
    [
        ({"body": "{"}, 422, ProblemKind.INVALID_REQUEST, "not JSON: Expecting property name"),
        ({"body": "[" * 100_000}, 422, ProblemKind.INVALID_REQUEST, "nested too deeply"),
        ({"body": '{"a": ' + "9" * 5000 + "}"}, 422, ProblemKind.INVALID_REQUEST, "many digits"),
        ({"body": '{"a": -' + "9" * 5000 + "}"}, 422, ProblemKind.INVALID_REQUEST, "many digits"),
        ({"body": "9" * 5000}, 422, ProblemKind.INVALID_REQUEST, "many digits"),
        ({"body": '{"a": NaN}'}, 422, ProblemKind.INVALID_REQUEST, "NaN is not a number"),
        (
            {"body": '{"a": -Infinity}'},
            422,
            ProblemKind.INVALID_REQUEST,
            "-Infinity is not",
        ),
        ({"body": '{"a": 1, "a": 2}'}, 422, ProblemKind.INVALID_REQUEST, "'a' more than once"),
        (
            {"body": '{"b": {"a": 1, "\\u0061": 1}}'},
            422,
            ProblemKind.INVALID_REQUEST,
            "'a' more than once",
        ),
        ({"body": "A", "isBase64Encoded": True}, 422, ProblemKind.INVALID_REQUEST, "not UTF-8"),
        (
            {"body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True},
            422,
            ProblemKind.INVALID_REQUEST,
            "not UTF-8",
        ),
        (
            {"headers": {"content-type": "multipart/form-data"}, "body": "a=b"},
            415,
            ProblemKind.NOT_JSON,
            "'multipart/form-data': send application/json",
        ),
    ],
    ids=[
        "no JSON",
        "deep",
        "digits",
        "negative digits",
        "digits alone",
        "NaN",
        "infinity",
        "twice",
        "twice, escaped",
        "no base64",
        "no text",
        "a form",
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    more: dict[str, Any], status: int, kind: ProblemKind, said: str
) -> None:
    response = ask("POST", "/uploads", **more)
    assert_problem(response, status, kind)
    assert said in json.loads(response["body"])["detail"]


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [
        ("crash", 500, ProblemKind.INTERNAL),
        ("setting", 500, ProblemKind.INTERNAL),
        ("busy", 503, ProblemKind.BUSY),
        ("path", 422, ProblemKind.BAD_PATH),
    ],
)
def test_an_error_is_answered_without_telling_of_the_program(
    failure: str, status: int, kind: ProblemKind
) -> None:
    response = ask("DELETE", f"/uploads/{failure}")
    assert_problem(response, status, kind)
    assert ("Retry-After" in response["headers"]) is (status == 503)


def test_a_refusal_quotes_no_more_than_an_answer_can_carry() -> None:
    """A function's answer has room for 6 MB; a request of 6 MB can be quoted at six times that."""
    response = ask("POST", "/uploads", headers={"content-type": "\x01" * 1_000_000}, body="{}")
    assert_problem(response, 415, ProblemKind.NOT_JSON)
    assert len(response["body"]) < 20_000
    assert json.loads(response["body"])["detail"].endswith("…")


def test_a_path_that_is_no_text_arrives_as_it_is() -> None:
    router = make_router()
    seen = []

    @router.get("/uploads/<segment>")
    def show(segment: str) -> Response[str]:
        seen.append(get_path(segment))
        return Response(200, "text/plain", "")

    event = payload("api_create_upload") | {"rawPath": "/uploads/\ud800/é"}
    event["requestContext"]["http"]["method"] = "GET"
    assert handle(make_resolver(router), event, CONTEXT)["statusCode"] == 200
    assert seen == ["\ud800/é"]


def test_an_answer_that_is_not_as_promised_is_our_mistake() -> None:
    assert_problem(ask("GET", "/wrong"), 500, ProblemKind.INTERNAL)


def assert_problem(response: dict[str, Any], status: int, kind: ProblemKind) -> None:
    problem = json.loads(response["body"])
    assert response["headers"]["Content-Type"] == PROBLEM
    assert (response["statusCode"], problem["status"], problem["type"]) == (status, status, kind)
    assert_reveals_nothing(status, response["body"])
