"""What `fanout verify` notices about placeholders and watermarks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from lib.aws.stacks import DeployedSize, Stack
from lib.errors import StepError
from lib.images import read_watermark_image, render
from lib.operations.stage_commands import StageCommands
from lib.operations.verify import api, options
from lib.operations.verify.photos import RED, make_photo
from lib.operations.verify.target import Target
from lib.operations.verify.web import Web
from lib.sizes import Size
from lib.uploads.placeholders import Placeholder
from lib.uploads.status import PhotoStatus, SizeStatus, VariantFacts
from tests.pictures import encoded
from tests.web_server import WebServer, answer

MARKED = Size.model_validate(
    {"name": "marked", "width": 400, "height": 300, "watermark": {"file": "logo.png"}}
)
SMALL = MARKED.model_copy(update={"name": "small", "width": 40, "height": 30})


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


def target(server: WebServer, *sizes: Size) -> Target:
    """A stage of these sizes, whose AWS nobody asks here."""
    nobody: Any = None
    deployed = {
        size.name: DeployedSize(
            size.name, {"SIZE": size.model_dump_json()}, 1769, 150, "python3.13"
        )
        for size in sizes
    }
    return Target(
        commands=StageCommands("dev"),
        stack=Stack("image-fanout-dev", {}, deployed),
        folder="verify-1",
        images_url=server.url(""),
        features=frozenset(),
        upload_types=["image/jpeg"],
        s3=nobody,
        sqs=nobody,
        web=Web(server.url("/api"), None),
    )


def report(
    server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
    *sizes: Size,
    placeholder: Placeholder | None = None,
) -> None:
    """The API's status of the photo."""
    facts = {
        size.name: VariantFacts(
            url=server.url(f"/{size.name}/photo"),
            content_type="image/jpeg",
            bytes=1,
            pixels="1x1",
            modified=datetime(2026, 1, 1, tzinfo=UTC),
            placeholder=placeholder,
        )
        for size in sizes
    }
    states = {name: SizeStatus(state="ready", variants=[each]) for name, each in facts.items()}
    monkeypatch.setattr(
        api, "get_status", lambda _, path: PhotoStatus(path=path, sizes=states, fetch=None)
    )


@pytest.mark.parametrize("color", [None, "#0000ff"])
def test_a_placeholder_of_no_colour_or_of_another_photo(
    server: WebServer, monkeypatch: pytest.MonkeyPatch, color: str | None
) -> None:
    size = Size(name="hero", width=40, placeholder=True)
    found = Placeholder(thumbhash="", color=color) if color else None
    report(server, monkeypatch, size, placeholder=found)
    with pytest.raises(StepError, match=f"the colour of its placeholder is {color}, not that"):
        options.placeholders(target(server, size))


def test_placeholders_in_the_photos_colour(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [Size(name="hero", width=40, placeholder=True), Size(name="plain", width=40)]
    report(server, monkeypatch, *sizes, placeholder=Placeholder(thumbhash="", color="#c82010"))
    assert options.placeholders(target(server, *sizes)) == "1 placeholder"


def test_a_variant_without_its_watermark(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(server, monkeypatch, MARKED)
    plain = MARKED.model_copy(update={"watermark": None})
    server.pages["/marked/photo"] = answer(render(make_photo(RED, "image/jpeg"), plain).data)
    with pytest.raises(StepError, match=r"marked/photo: shows no watermark"):
        options.watermarks(target(server, MARKED))


def test_a_variant_with_its_watermark_and_one_too_small_to_tell(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(server, monkeypatch, MARKED, SMALL)
    logo = read_watermark_image(encoded(Image.new("RGBA", (40, 20), (0, 0, 255, 200)), "PNG"))
    photo = make_photo(RED, "image/jpeg")
    server.pages["/marked/photo"] = answer(render(photo, MARKED, watermark=logo).data)
    found = options.watermarks(target(server, MARKED, SMALL))
    assert found == "on 1 size; 1 size too small to tell"


def test_the_steps_are_off_on_a_stage_without_these_options(server: WebServer) -> None:
    plain = target(server, Size(name="plain", width=40))
    assert options.why_no_watermarks(plain) == "no size has watermark"
    assert options.why_no_watermarks(target(server, MARKED)) == ""
