"""What `fanout verify` notices about a picture that a visitor gets."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from PIL import Image

from lib.aws.stacks import DeployedSize, Stack
from lib.errors import StepError
from lib.operations.stage_commands import StageCommands
from lib.operations.verify.photos import BLUE, RED, make_photo
from lib.operations.verify.pictures import (
    View,
    check_picture,
    get_picture,
    views,
    wait_until_not_shown,
)
from lib.operations.verify.target import Target
from lib.operations.verify.web import Web
from lib.sizes import Size
from lib.uploads.status import VariantFacts
from tests.pictures import decoded, encoded
from tests.web_server import WebServer, answer

SIZE = Size(name="40x30", width=40, height=30, formats=("avif", "webp"))
CACHE = "public, max-age=60"
HEADERS = {"Cache_Control": CACHE, "X_Content_Type_Options": "nosniff"}


def picture(colour: int = RED, width: int = 40, height: int = 30) -> bytes:
    """A JPEG; all are of one length, since what is behind the end of one is not looked at."""
    return encoded(_photo(colour).resize((width, height))).ljust(1000, b"\0")


@cache
def _photo(colour: int) -> Image.Image:
    return decoded(make_photo(colour, "image/jpeg")).reduce(20)


PICTURE = picture()


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def target(server: WebServer) -> Target:
    """A stage with a CDN, whose AWS nobody asks here."""
    environment = {"CACHE_CONTROL": CACHE, "SIZE": SIZE.model_dump_json(), "PURGE_DELAY": "1"}
    size = DeployedSize("resize", environment, 1769, 150, "python3.13")
    nobody: Any = None
    return Target(
        commands=StageCommands("dev"),
        stack=Stack("image-fanout-dev", {"DistributionId": "E1"}, {SIZE.name: size}),
        folder="verify-1",
        images_url=server.url(""),
        features=frozenset({"purge", "formats"}),
        upload_types=["image/jpeg"],
        s3=nobody,
        sqs=nobody,
        web=Web(server.url("/api"), None),
    )


def check(server: WebServer, target: Target, served: bytes, pixels: str = "40x30") -> None:
    server.pages["/40x30/a.jpg"] = served
    facts = VariantFacts(
        url=server.url("/40x30/a.jpg"),
        content_type="image/jpeg",
        bytes=len(PICTURE),
        pixels=pixels,
        modified=datetime.now(UTC),
    )
    check_picture(target, SIZE, facts, RED)


def test_a_picture_as_it_should_be_passes(server: WebServer, target: Target) -> None:
    check(server, target, answer(PICTURE, **HEADERS))


@pytest.mark.parametrize(
    ("served", "message"),
    [
        (answer(PICTURE, **HEADERS | {"Content_Type": "image/png"}), "Content-Type is image/png"),
        (answer(PICTURE, **HEADERS | {"Cache_Control": ""}), "Cache-Control is None, not public"),
        (answer(PICTURE, **HEADERS | {"X_Content_Type_Options": ""}), "Content-Type-Options is"),
        (answer(PICTURE + b"\0", **HEADERS), "bytes is"),
        (answer(picture(width=39), **HEADERS), "pixels is 39x30, not 40x30"),
        (answer(picture(BLUE), **HEADERS), "shows another photo"),
        (answer(bytes(len(PICTURE)), **HEADERS), "that are no picture"),
        (answer(b"<Error/>", "403 Forbidden", Content_Type="application/xml"), "403 in place of"),
    ],
)
def test_what_is_wrong_with_a_picture_is_named(
    server: WebServer, target: Target, served: bytes, message: str
) -> None:
    with pytest.raises(StepError, match=message):
        check(server, target, served)
    (request,) = target.web.take_requests()
    assert (request.method, request.url) == ("GET", server.url("/40x30/a.jpg"))


def test_a_picture_larger_than_its_size_is_wrong_whatever_status_says(
    server: WebServer, target: Target
) -> None:
    with pytest.raises(StepError, match="41x30 pixels do not fit 40x30"):
        check(server, target, answer(picture(width=41), **HEADERS), pixels="41x30")


def test_a_server_that_hangs_up_is_named(server: WebServer, target: Target) -> None:
    server.pages["/40x30/a.jpg"] = b""
    with pytest.raises(StepError, match=rf"GET {server.url('/40x30/a.jpg')}: no answer"):
        get_picture(target, View(server.url("/40x30/a.jpg"), "*/*"))


def test_every_folder_and_every_choice_of_a_browser_is_looked_at(
    server: WebServer, target: Target
) -> None:
    base = server.url("")
    assert list(views(target, "a.jpg")) == [
        (f"{base}/40x30/a.jpg", "*/*"),
        (f"{base}/40x30.avif/a.jpg", "*/*"),
        (f"{base}/40x30.webp/a.jpg", "*/*"),
        (f"{base}/40x30/a.jpg", "image/avif"),
        (f"{base}/40x30/a.jpg", "image/webp"),
    ]
    assert wait_until_not_shown(target, "a.jpg") == 5
    assert len(server.heads) == 5
