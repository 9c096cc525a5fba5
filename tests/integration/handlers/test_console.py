"""The function that serves the console, called as API Gateway calls it."""

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from handlers import console
from lib.dead_letters.letter import NOT_PURGED, UNDELIVERED
from lib.errors import WORKER_STOPPED, Reason
from lib.sizes import Size, pack_sizes
from tests.payloads import payload

PROJECT = Path(__file__).parents[3]
FILES = sorted(file.name for file in (PROJECT / "console").iterdir())
SIZES = [
    Size(name="40x30", width=40, height=30),
    Size(name="wide", width=60, fit="inside", format="webp"),
]


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    console._console.cache_clear()
    for name, value in {
        "STAGE": "prod",
        "API_URL": "https://api.example/x",
        "AUTH": "token",
        "IMAGES_URL": "https://images.example",
        "ORIGINALS_URL": "https://originals.s3.example",
        "PACKED_SIZES": pack_sizes(SIZES),
        "RENDER": "false",
        "UPLOAD_TYPES": '["image/jpeg"]',
    }.items():
        monkeypatch.setenv(name, value)


def get(path: str) -> tuple[int, dict[str, str], bytes]:
    event = payload("api_create_upload") | {"rawPath": f"/_console/{path}"}
    response: dict[str, Any] = console.handler(event, None)  # type: ignore[arg-type]
    return response["statusCode"], response["headers"], b64decode(response["body"])


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_served_as_what_it_is(name: str) -> None:
    status, headers, body = get(name)
    assert status == 200
    assert body == (PROJECT / "console" / name).read_bytes()
    kinds = {
        "html": "text/html",
        "js": "text/javascript",
        "css": "text/css",
        "svg": "image/svg+xml",
    }
    assert headers["Content-Type"].startswith(kinds[name.rpartition(".")[2]])
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_client_is_a_file_of_the_console() -> None:
    assert get("fanout.js")[2] == (PROJECT / "client" / "fanout.js").read_bytes()


def test_the_page_is_the_folder_itself_too() -> None:
    assert get("")[2] == get("index.html")[2]


@pytest.mark.parametrize(
    "path",
    ["../serverless.yml", "..%2fserverless.yml", "/etc/passwd", "x.js", "index.html/", "a\0", "."],
)
def test_nothing_else_is_served(path: str) -> None:
    status, headers, body = get(path)
    assert (status, body) == (404, b"There is no such page.\n")
    assert headers["Content-Type"].startswith("text/plain")


def test_pages_load_and_ask_nothing_but_the_stage() -> None:
    policy = dict(
        part.split(" ", 1) for part in get("index.html")[1]["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"].split() == [
        "'self'",
        "https://api.example",
        "https://originals.s3.example",
        "https://images.example",
    ]
    assert policy["img-src"].split() == ["'self'", "blob:", "data:", "https://images.example"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in str(policy)


def test_no_file_needs_what_the_policy_forbids() -> None:
    for name in FILES:
        text = (PROJECT / "console" / name).read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function", text)
        assert not re.search(r"""(src|href)=["']https?:""", text), name
        assert not re.search(r"<script>|<style|\sstyle=|\son\w+=\"", text), name
        hosts = set(re.findall(r"https?://[\w.-]+", text))
        assert hosts <= {"http://www.w3.org"}, name  # the name of SVG


def test_the_page_knows_the_stage_and_its_sizes() -> None:
    config = json.loads(get("config.json")[2])
    assert (config["stage"], config["api"]) == ("prod", "https://api.example/x")
    assert (config["render"], config["auth"]) == (False, "token")
    first, wide = config["sizes"]
    assert (first["name"], first["width"]) == ("40x30", 40)
    assert (wide["fit"], wide["format"]) == ("inside", "webp")
    assert "dashboard" not in config


def test_the_page_knows_the_dashboard_of_a_stage_that_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DASHBOARD_URL", "https://aws.example/#dashboards/dashboard/prod")
    config = json.loads(get("config.json")[2])
    assert config["dashboard"] == "https://aws.example/#dashboards/dashboard/prod"


def test_every_reason_is_told_with_what_to_do() -> None:
    text = (PROJECT / "console" / "reasons.js").read_text()
    told = re.findall(r"^  (\w+): \['[^']+\.', '[^']+\.'\],$", text, re.MULTILINE)
    assert {*Reason, WORKER_STOPPED, UNDELIVERED, NOT_PURGED} <= {*told}
