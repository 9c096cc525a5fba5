"""A page of another site in a browser: what is asked before it may call, and what it is told.

And the API's own page, which uploads a file.
"""

import json
from base64 import b64encode
from typing import Any

import pytest
import requests

from local.stack import DeployedStack
from tests.api import SECONDS, bearer
from tests.docs_page import send_file
from tests.pictures import encoded, quarters

PHOTO = encoded(quarters(40, 30))
SHOP = {"Origin": "https://shop.example"}


def preflight(url: str, method: str, headers: str = "") -> requests.Response:
    """What a browser sends by itself before a request that a form could not have sent."""
    asked = {"Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return requests.options(url, headers=SHOP | asked, timeout=SECONDS)


def allowed(answer: requests.Response, header: str) -> set[str]:
    given = answer.headers.get(f"Access-Control-Allow-{header}", "")
    return {each.strip().lower() for each in given.split(",")}


@pytest.fixture
def ticket(stack: DeployedStack) -> dict[str, Any]:
    wish = {"filename": "sea.jpg", "content_type": "image/jpeg", "bytes": len(PHOTO)}
    answer = requests.post(
        f"{stack.api}/uploads", json=wish, headers=SHOP | bearer(stack), timeout=SECONDS
    )
    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    given: dict[str, Any] = answer.json()
    return given


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/uploads", "authorization,content-type"),
        ("POST", "/uploads/batch", "authorization,content-type"),
        ("GET", "/uploads/2026/sea.jpg", "authorization"),
        ("GET", "/uploads?path=sea.jpg", "authorization"),
        ("DELETE", "/uploads/2026/sea.jpg", "authorization"),
    ],
)
def test_the_api_lets_a_page_call(
    stack: DeployedStack, method: str, path: str, headers: str
) -> None:
    answer = preflight(f"{stack.api}{path}", method, headers)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert method.lower() in allowed(answer, "Methods")
    assert set(headers.split(",")) <= allowed(answer, "Headers")
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


def test_a_page_may_read_a_status_and_when_to_ask_again(stack: DeployedStack) -> None:
    answer = requests.get(
        f"{stack.api}/uploads/sea.jpg", headers=SHOP | bearer(stack), timeout=SECONDS
    )
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    exposed = set(answer.headers["Access-Control-Expose-Headers"].split(","))
    assert exposed == {"retry-after", "x-fanout-path"}  # the latter where POST /render kept one


def test_a_page_may_post_the_file_of_its_ticket(ticket: dict[str, Any]) -> None:
    asked = preflight(ticket["url"], "POST", "x-requested-with")
    assert asked.status_code == 200
    assert allowed(asked, "Methods") == {"post"}
    assert allowed(asked, "Headers") == {"x-requested-with"}
    posted = requests.post(
        ticket["url"],
        data=ticket["fields"],
        files={"file": PHOTO},
        headers=SHOP,
        timeout=SECONDS,
    )
    assert posted.status_code == 204
    # The bucket's rule, which names a method, and not the emulator's own answer to everybody.
    assert posted.headers["Access-Control-Allow-Methods"] == "POST"
    assert posted.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_page_may_do_nothing_else_with_the_originals(ticket: dict[str, Any], method: str) -> None:
    answer = preflight(f"{ticket['url'].rstrip('/')}/{ticket['key']}", method)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Methods" not in answer.headers


def test_the_page_of_the_api_uploads_a_file_and_shows_its_variants(stack: DeployedStack) -> None:
    page = requests.get(f"{stack.api}/docs", timeout=SECONDS)
    chosen = {
        "name": "sea.jpg",
        "type": "image/jpeg",
        "data": b64encode(PHOTO).decode(),
        "path": "",
        "overwrite": False,
    }
    ran = send_file(page.text, stack.api, stack.token, chosen)
    status = json.loads(ran["shown"][-1])
    assert {size["state"] for size in status["sizes"].values()} == {"ready"}
