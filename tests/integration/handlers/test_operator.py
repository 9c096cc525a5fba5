"""Who may handle dead letters and make up sizes: the functions, called as API Gateway does."""

import io
import json
from base64 import b64decode, b64encode
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from handlers import dlq_list, dlq_purge, dlq_replay, recheck, render
from handlers.shared import operator
from lib.auth.tokens import JWT_SCOPE
from lib.errors import PermanentError
from lib.pipeline.events import parse_records
from tests.integration.api import Api, api
from tests.integration.conftest import Context, create_queue, queue_url
from tests.integration.parked import park, stored
from tests.payloads import payload
from tests.pictures import encoded, quarters

__all__ = ["api"]  # a fixture

ROUTES: list[tuple[ModuleType, str, str, Any]] = [
    (dlq_list, "GET", "/dead-letters", None),
    (dlq_replay, "POST", "/dead-letters/replay", {"sizes": ["40x30"]}),
    (dlq_purge, "POST", "/dead-letters/purge", {"sizes": ["40x30"]}),
    (recheck, "POST", "/rechecks", {"path": "a.jpg"}),
]
OPERATOR = {"lambda": {"token": "3f9a0c5b71de", "scope": "operate"}}
STRANGERS: list[Any] = [
    None,
    {},
    {"lambda": None},
    {"lambda": {"token": "3f9a0c5b71de", "scope": "upload"}},
    # As an authorizer that was deployed before there were scopes.
    {"lambda": {"token": "3f9a0c5b71de"}},
    {"lambda": {"scope": "operate upload"}},
    {"jwt": {"claims": {"scope": JWT_SCOPE}}},
]


@pytest.fixture(autouse=True)
def _stage(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stage-40x30", "stage-fetch"):
        for queue in (name, f"{name}-dlq", f"{name}-subscription-dlq"):
            create_queue(queue)
    monkeypatch.setattr("lib.dead_letters.scan.EMPTY_AFTER", 0)
    for name, value in {
        "AUTH": "token",
        "CONSOLE": "true",
        "QUEUE_PREFIX": "stage-",
        "SIZES": '["40x30"]',
    }.items():
        monkeypatch.setenv(name, value)
    for cached in (operator._dead_letters, recheck._rechecks):
        cached.cache_clear()


def url(name: str) -> str:
    return queue_url(f"stage-{name}")


def ask(
    function: ModuleType,
    method: str,
    path: str,
    authorizer: Any,
    body: Any = None,
    query: dict[str, str] | None = None,
) -> tuple[int, Any]:
    event = payload("api_create_upload")
    event |= {"routeKey": f"{method} {path}", "rawPath": path}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["queryStringParameters"] = query or {}
    if authorizer is not None:
        event["requestContext"]["authorizer"] = authorizer
    event["body"] = body if isinstance(body, str) else json.dumps(body)
    response = function.handler(event, Context())
    return response["statusCode"], response["body"]


@pytest.mark.parametrize(("function", "method", "path", "body"), ROUTES, ids=str)
@pytest.mark.parametrize("authorizer", STRANGERS, ids=str)
def test_a_token_for_uploads_may_do_none_of_it(
    function: ModuleType, method: str, path: str, body: Any, authorizer: Any
) -> None:
    letter = park(url("40x30-dlq"), "a.jpg")
    status, answer = ask(function, method, path, authorizer, body)
    assert (status, json.loads(answer)["type"]) == (403, "wrong_scope")
    assert "--scope operate" in json.loads(answer)["detail"]
    assert stored(url("40x30-dlq")) == [letter]
    assert stored(url("40x30")) == []


def test_an_operators_token_lists_replays_and_purges() -> None:
    letter = park(url("40x30-dlq"), "a.jpg")
    park(url("40x30-dlq"), "b.jpg", "unsupported")
    status, body = ask(dlq_list, "GET", "/dead-letters", OPERATOR)
    assert (status, len(json.loads(body)["letters"])) == (200, 2)
    chosen = {"sizes": ["40x30"], "reason": "truncated"}
    status, body = ask(dlq_replay, "POST", "/dead-letters/replay", OPERATOR, chosen)
    assert (status, json.loads(body)) == (200, {"taken": 1, "refused": 0, "complete": True})
    assert stored(url("40x30")) == [letter]
    status, body = ask(dlq_purge, "POST", "/dead-letters/purge", OPERATOR, {"sizes": ["40x30"]})
    assert (status, json.loads(body)["taken"]) == (200, 1)
    assert stored(url("40x30-dlq")) == []


def test_an_operator_has_a_photo_rechecked_at_its_sizes() -> None:
    path = "2026/é 😀/a+b %2F&?#'~.jpg"
    status, body = ask(recheck, "POST", "/rechecks", OPERATOR, {"path": path})
    assert (status, json.loads(body)) == (202, {"path": path, "sizes": ["40x30"]})
    (event,) = parse_records(*stored(url("40x30")))
    assert not isinstance(event, PermanentError)
    assert (event.bucket, event.key) == ("originals-bucket", f"originals/{path}")
    chosen = {"path": path, "sizes": ["40x30", "40x30"]}
    assert ask(recheck, "POST", "/rechecks", OPERATOR, chosen)[0] == 202
    assert len(stored(url("40x30"))) == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "invalid_request"),
        ({"path": ""}, "invalid_request"),
        ({"path": "a.jpg", "sizes": []}, "invalid_request"),
        ({"path": "a.jpg", "size": "40x30"}, "invalid_request"),
        ({"path": "a.jpg", "sizes": ["40x30", "hero"]}, "unknown_size"),
        ({"path": "a//b.jpg"}, "bad_path"),
        ({"path": "a\n.jpg"}, "bad_path"),
        ({"path": "a" * 1024}, "bad_path"),
        ({"path": "\ud800.jpg"}, "invalid_request"),
    ],
    ids=str,
)
def test_what_cannot_be_rechecked_queues_nothing(body: Any, kind: str) -> None:
    status, answer = ask(recheck, "POST", "/rechecks", OPERATOR, body)
    assert (status, json.loads(answer)["type"]) == (422, kind)
    assert stored(url("40x30")) == []


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 403),
        ({"scope": "fanout/operates"}, 403),
        ({"scope": ""}, 403),
        ({"scope": JWT_SCOPE}, 200),
        ({"scope": f"openid {JWT_SCOPE}"}, 200),
    ],
)
def test_a_jwt_needs_its_scope(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, str], status: int
) -> None:
    monkeypatch.setenv("AUTH", "jwt")
    assert ask(dlq_list, "GET", "/dead-letters", {"jwt": {"claims": claims}})[0] == status
    # The other authorizer's context counts for nothing.
    assert ask(dlq_list, "GET", "/dead-letters", OPERATOR)[0] == 403


@pytest.mark.parametrize(
    "body",
    [
        {"sizes": []},
        {"sizes": ["40x30"], "paths": ["a"] * 101},
        {"sizes": "40x30"},
        {"reason": ""},
        {"queue": "fetch", "sizes": ["40x30"]},
        {"queue": "purge"},  # this stage has none
        {"queue": "dead"},
        {"prefix": "a"},
        [],
        "no JSON",
    ],
    ids=str,
)
@pytest.mark.parametrize("verb", ["replay", "purge"])
def test_a_malformed_selection_takes_nothing(verb: str, body: Any) -> None:
    letter = park(url("40x30-dlq"), "a.jpg")
    function = dlq_replay if verb == "replay" else dlq_purge
    status, answer = ask(function, "POST", f"/dead-letters/{verb}", OPERATOR, body)
    assert (status, json.loads(answer)["type"]) == (422, "invalid_request")
    assert stored(url("40x30-dlq")) == [letter]


class TestSizesByHand:
    PHOTO = encoded(quarters(64, 48))

    def render(self, by_hand: Any, authorizer: Any = OPERATOR, **query: str) -> tuple[int, Any]:
        event = payload("api_create_upload")
        event |= {"routeKey": "POST /render", "rawPath": "/render"}
        event["requestContext"]["http"] |= {"method": "POST", "path": "/render"}
        event["headers"]["content-type"] = "image/jpeg"
        text = by_hand if isinstance(by_hand, str) else json.dumps(by_hand)
        event["queryStringParameters"] = {"by_hand": text, **query}
        if authorizer is not None:
            event["requestContext"]["authorizer"] = authorizer

        event |= {"body": b64encode(self.PHOTO).decode(), "isBase64Encoded": True}
        response = render.handler(event, Context())  # type: ignore[arg-type]
        if response["statusCode"] == 200:
            return 200, Image.open(io.BytesIO(b64decode(response["body"])))
        return response["statusCode"], json.loads(response["body"])

    def test_an_operator_renders_at_a_size_that_is_not_declared(self) -> None:
        status, image = self.render(
            {"width": 20, "height": 20, "position": "left", "format": "webp", "quality": 40}
        )
        assert (status, image.size, image.format) == (200, (20, 20), "WEBP")

    @pytest.mark.parametrize("authorizer", STRANGERS, ids=str)
    def test_a_token_for_uploads_does_not(self, authorizer: Any) -> None:
        status, problem = self.render({"width": 20}, authorizer)
        assert (status, problem["type"]) == (403, "wrong_scope")

    def test_nobody_does_on_a_stage_without_the_console(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CONSOLE", "false")
        status, problem = self.render({"width": 20})
        assert (status, "no console" in problem["detail"]) == (422, True)

    @pytest.mark.parametrize(
        ("by_hand", "said"),
        [
            ("{", "not JSON"),
            ("[]", "must be an object"),
            ({"width": 20, "memory": 9000}, "'memory' is none of width"),
            ({"name": "x", "width": 20}, "'name' is none of"),
            ({}, "by_hand: "),
            ({"width": 10**9}, "width"),
            ({"width": 0}, "width"),
            ({"width": 20, "height": 20, "fit": "stretch"}, "fit"),
            ({"width": 20, "quality": "NaN"}, "quality"),
        ],
        ids=str,
    )
    def test_wrong_fields_are_named(self, by_hand: Any, said: str) -> None:
        status, problem = self.render(by_hand)
        assert (status, problem["type"]) == (422, "invalid_request")
        assert said in problem["detail"]

    def test_it_excludes_the_other_ways_to_name_a_size(self) -> None:
        assert self.render({"width": 20}, size="40x30")[0] == 422
