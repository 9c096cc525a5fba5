"""The step of `fanout verify` that asks for sizes by client hints."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lib.aws.stacks import DeployedSize, Stack
from lib.errors import StepError
from lib.operations.stage_commands import StageCommands
from lib.operations.verify.on_demand import hints, why_no_hints
from lib.operations.verify.photos import RED, make_photo
from lib.operations.verify.target import Target
from lib.operations.verify.web import Web
from lib.sizes import Size
from tests.pictures import decoded, encoded
from tests.web_server import WebServer, answer

CACHE = "public, max-age=60"
PATH = "verify-1/photo"


def picture(width: int) -> bytes:
    return encoded(decoded(make_photo(RED, "image/jpeg")).resize((width, 30)))


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


def made(server: WebServer, *sizes: Size) -> Target:
    """A stage without a CDN, whose AWS nobody asks here, and which has the photo at each size."""
    deployed, status = {}, {}
    for size in sizes:
        environment = {"CACHE_CONTROL": CACHE, "SIZE": size.model_dump_json()}
        deployed[size.name] = DeployedSize("resize", environment, 1769, 150, "python3.13")
        facts = {
            "url": server.url(f"/{size.name}/{PATH}"),
            "content_type": "image/jpeg",
            "bytes": len(picture(size.width or 1)),
            "pixels": f"{size.width}x30",
            "modified": "2026-11-21T04:13:41Z",
        }
        status[size.name] = {"state": "ready", "variants": [facts]}
    body = json.dumps({"path": PATH, "sizes": status}).encode()
    server.pages["/api/uploads?path=verify-1%2Fphoto"] = answer(
        body, Content_Type="application/json"
    )
    nobody: Any = None
    return Target(
        commands=StageCommands("dev"),
        stack=Stack("image-fanout-dev", {}, deployed),
        folder="verify-1",
        images_url=server.url(""),
        features=frozenset({"queries"}),
        upload_types=["image/jpeg"],
        s3=nobody,
        sqs=nobody,
        web=Web(server.url("/api"), None),
    )


ALIKE = [Size(name=f"{width}x", width=width) for width in (90, 30, 60)]
BOX = Size(name="box", width=200, height=30)
URL = f"/{PATH}?w=auto&size=30x"


def by_hint(server: WebServer, widths: dict[str, int]) -> None:
    """Have the server answer `?w=auto` with the width of each hint."""

    def respond(send: Any, _: Any) -> None:
        sent = server.heads[-1].partition("Sec-CH-Width: ")[2].partition("\r\n")[0]
        send(answer(picture(widths[sent]), Cache_Control=CACHE))

    server.pages[URL] = respond


def test_the_narrowest_and_the_widest_of_one_picture_are_asked_for(server: WebServer) -> None:
    target = made(server, BOX, *ALIKE)
    by_hint(server, {"1": 30, "8192": 90})
    assert hints(target) == "30x to 90x"


def test_a_cdn_that_gives_one_size_whatever_the_hint_fails(server: WebServer) -> None:
    target = made(server, BOX, *ALIKE)
    by_hint(server, {"1": 60, "8192": 60})
    with pytest.raises(StepError, match=r"w=auto&size=30x: "):
        hints(target)


def test_it_is_off_without_queries_or_without_a_width(server: WebServer) -> None:
    target = made(server, *ALIKE)
    assert why_no_hints(target) == ""
    assert why_no_hints(replace(target, features=frozenset())) == "serve_queries"
    high = made(server, Size(name="x90", height=90))
    assert why_no_hints(high) == "serve_queries: no size has a width"
