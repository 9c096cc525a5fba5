"""Pictures made as they are asked for, on a stack of its own that does all of it."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import pytest

from lib.errors import WORKER_STOPPED
from lib.keys import url_path
from local.client import aws
from local.stack import DeployedStack
from tests.command_line import fanout
from tests.e2e.listener import Listener
from tests.e2e.site import EVERYTHING, LIMITED, Site
from tests.e2e.steps import PHOTO, arrived, eventually, get, get_as_it_is, uploaded
from tests.e2e.test_readme import typed
from tests.pictures import decoded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

JSON = "application/problem+json"
DOCS = (Path(__file__).parents[2] / "docs/on-demand.md").read_text()


class Photo(NamedTuple):
    """A photo's path, and how URLs spell it."""

    path: str
    url: str


@pytest.fixture
def stack(site: Site) -> DeployedStack:
    return site.deploy(**EVERYTHING)


@pytest.fixture
def photo(stack: DeployedStack) -> Photo:
    """A photo that has all its variants."""
    ticket = uploaded(stack, PHOTO, path=f"{uuid4().hex}/lake at dawn.jpg")
    for url in ticket["variants"].values():
        arrived(url)
    return Photo(ticket["path"], quote(ticket["path"]))


def insistently(url: str) -> bytes:
    """The picture, for somebody who asks again where too many ask at once."""

    def ask() -> bytes | None:
        answer = get(url)
        # Fifty cold starts share this machine's cores, so one that renders may run out of time: 502
        # in the emulator's words, and a worker makes the picture.
        left_to_worker = answer.status_code == 404 and WORKER_STOPPED in answer.text
        assert left_to_worker or answer.status_code in (200, 502, 503, 504), answer.text
        return bytes(answer.content) if answer.ok else None

    picture: bytes = eventually(ask, "the picture")
    return picture


def taken_away(s3: "S3Client", stack: DeployedStack, photo: Photo, size: str) -> bytes:
    """What a worker has made of the photo, deleted behind everybody's back."""
    where: Any = {"Bucket": stack.images_bucket, "Key": f"{size}/{photo.path}"}
    data: bytes = s3.get_object(**where)["Body"].read()
    s3.delete_object(**where)
    return data


class TestDeclared:
    def test_fifty_who_come_first_at_once_get_the_one_variant_that_a_worker_would_make(
        self, stack: DeployedStack, photo: Photo
    ) -> None:
        s3: S3Client = aws(stack, "s3")
        made = taken_away(s3, stack, photo, "400x300")
        listener = Listener(stack, f"watch-{uuid4().hex}")
        url = f"{stack.cdn}/400x300/{photo.url}"
        with ThreadPoolExecutor(50) as crowd:
            pictures = set(crowd.map(insistently, [url] * 50))
        assert pictures == {made}
        s3.put_object(Bucket=stack.images_bucket, Key="400x300/last", Body=b"")
        eventually(
            lambda: ("ObjectCreated", "400x300/last") in listener.heard(),
            "the news of the last one",
        )
        written = ("ObjectCreated", f"400x300/{photo.url.replace('%20', '+')}")
        assert listener.heard().count(written) == 1
        s3.delete_object(Bucket=stack.images_bucket, Key="400x300/last")

    def test_it_is_stored_as_a_worker_stores_it(self, stack: DeployedStack, photo: Photo) -> None:
        s3: S3Client = aws(stack, "s3")
        where: Any = {"Bucket": stack.images_bucket, "Key": f"1200x/{photo.path}"}
        before: Any = s3.head_object(**where)
        taken_away(s3, stack, photo, "1200x")
        answer = get(f"{stack.cdn}/1200x/{photo.url}")
        after: Any = s3.head_object(**where)
        assert answer.status_code == 200
        for name in ("ETag", "ContentType", "CacheControl", "Metadata"):
            assert after[name] == before[name]
        assert answer.headers["Cache-Control"] == after["CacheControl"]

    def test_a_missing_format_is_made(self, stack: DeployedStack, photo: Photo) -> None:
        s3: S3Client = aws(stack, "s3")
        made = taken_away(s3, stack, photo, "hero.avif")
        answer = get(f"{stack.cdn}/hero.avif/{photo.url}")
        assert answer.headers["Content-Type"] == "image/avif"
        assert answer.content == made

    @pytest.mark.parametrize("path", ["401x300/{}", "400x300/nobody.jpg", "nobody.jpg"])
    def test_what_there_cannot_be_is_not_found_for_seconds(
        self, stack: DeployedStack, photo: Photo, path: str
    ) -> None:
        answer = get(f"{stack.cdn}/{path.format(photo.url)}")
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "max-age=5"

    def test_a_deleted_photo_is_not_made_again(self, stack: DeployedStack) -> None:
        ticket = uploaded(stack, PHOTO, path=f"{uuid4().hex}.jpg")
        url = ticket["variants"]["400x300"]
        arrived(url)
        aws(stack, "s3").delete_object(Bucket=stack.originals_bucket, Key=ticket["key"])
        eventually(lambda: get(url).status_code == 404, "it is gone")
        assert get(url).status_code == 404

    def test_nobody_but_the_cdn_can_ask_the_function(
        self, stack: DeployedStack, site: Site
    ) -> None:
        urls = aws(stack, "lambda").get_function_url_config(
            FunctionName="image-fanout-local-on-demand"
        )
        assert urls["AuthType"] == "AWS_IAM"
        url_id = urls["FunctionUrl"].removeprefix("https://").partition(".")[0]
        answer = get(f"{stack.endpoint}/_aws/lambda-url/{url_id}/400x300/nobody.jpg")
        assert answer.status_code == 403


def test_any_spelling_of_a_path_is_made_on_demand_or_signed(
    site: Site, stack: DeployedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{uuid4().hex}/photo (1)+~@é*%.jpg"
    for url in uploaded(stack, PHOTO, path=path)["variants"].values():
        arrived(url)
    s3: S3Client = aws(stack, "s3")
    s3.delete_object(Bucket=stack.images_bucket, Key=f"400x300/{path}")
    assert get_as_it_is(f"{stack.cdn}/400x300/{quote(path)}") == (200, "image/jpeg")
    monkeypatch.setenv("FANOUT_LOCAL", str(site.local.state))
    signed = fanout("url", path, "--w", "64", "--stage", "local").out.strip()
    assert url_path(path) in signed
    for url in (signed, signed.replace(url_path(path), quote(path).lower())):
        assert get_as_it_is(url) == (200, "image/jpeg")
    assert get_as_it_is(signed.replace(url_path(path), "2026/photo")) == (403, JSON)


class TestQueries:
    def test_a_query_leads_to_the_size_and_it_is_made_if_it_is_missing(
        self, stack: DeployedStack, photo: Photo
    ) -> None:
        made = taken_away(aws(stack, "s3"), stack, photo, "400x300")
        for query in ("w=400&h=300", "H=300&w=0400", "d=400x300", "size=400x300&utm_source=x"):
            answer = get(f"{stack.cdn}/{photo.url}?{query}")
            assert answer.status_code == 200, query
            assert answer.content == made

    def test_a_browser_gets_its_format(self, stack: DeployedStack, photo: Photo) -> None:
        answer = get(f"{stack.cdn}/{photo.url}?size=hero&format=auto", Accept="image/avif,*/*")
        assert answer.headers["Content-Type"] == "image/avif"

    @pytest.mark.parametrize(
        ("hints", "width"),
        [
            ({"Sec-CH-Width": "200"}, 200),
            ({"Sec-CH-Width": "201"}, 400),
            ({"Viewport-Width": "180", "DPR": "2"}, 400),
            ({"Sec-CH-Width": "none"}, 400),
            ({}, 400),
        ],
    )
    def test_a_browsers_hints_choose_the_width(
        self, stack: DeployedStack, photo: Photo, hints: dict[str, str], width: int
    ) -> None:
        """Of `small` and 400x300, which crop alike."""
        answer = get(f"{stack.cdn}/{photo.url}?w=auto&size=small", **hints)
        assert decoded(answer.content).width == width
        assert {"Sec-CH-Width", "DPR"} <= set(answer.headers["Vary"].split(", "))

    def test_what_fits_no_size_is_told_the_sizes(self, stack: DeployedStack, photo: Photo) -> None:
        answer = get(f"{stack.cdn}/{photo.url}?w=401")
        assert answer.status_code == 400
        listed = [size for size in stack.sizes if size in answer.text]
        assert listed == [size for size in stack.sizes if size != LIMITED]

    def test_a_size_of_other_photos_is_neither_rendered_nor_selected(
        self, stack: DeployedStack, photo: Photo
    ) -> None:
        assert get(f"{stack.cdn}/{LIMITED}/{photo.url}").json()["type"] == "unknown_size"
        assert get(f"{stack.cdn}/{photo.url}?size={LIMITED}").status_code == 400
        ticket = uploaded(stack, PHOTO, path="avatars/é~ 1.avatar.jpg")
        assert LIMITED in ticket["variants"]
        arrived(ticket["variants"][LIMITED])
        url = ticket["variants"][LIMITED].replace(f"/{LIMITED}/", "/")
        assert get(f"{url}?w=96&h=96").status_code == 200


def blocks(heading: str) -> list[str]:
    """What a section has people type."""
    section = DOCS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```(?:sh)?\n(.*?)```", section, re.DOTALL)


def test_the_lines_of_by_query_string(
    site: Site, stack: DeployedStack, photo: Photo, tmp_path: Path
) -> None:
    environment = site.local.environment() | {"PHOTO": photo.url}
    fetch, wrong, by_hint = blocks("By query string")
    typed(fetch, tmp_path, environment)
    sizes = {file.name: decoded(file.read_bytes()).size for file in tmp_path.iterdir()}
    assert sizes == {
        "small.jpg": (400, 300),
        "small-again.jpg": (400, 300),
        "wide.jpg": (1200, 900),
        "thumbnail.webp": (200, 150),
        "thumbnail-again.webp": (200, 150),
        "best": (400, 300),
    }
    assert "thumbnail" in typed(wrong, tmp_path, environment)
    typed(by_hint, tmp_path, environment)
    for name, expected in {"narrow.jpg": (400, 300), "whole.jpg": (1200, 900)}.items():
        assert decoded((tmp_path / name).read_bytes()).size == expected


def test_the_lines_of_signed_urls(
    site: Site, stack: DeployedStack, photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANOUT_LOCAL", str(site.local.state))
    line = blocks("Signed URLs")[0]
    assert line.startswith("./fanout url 2026/sea.jpg --w 640 --h 360 --format webp")
    arguments = line.split()[1:]
    arguments[arguments.index("2026/sea.jpg")] = photo.path
    arguments[arguments.index("prod")] = "local"
    ran = fanout(*arguments)
    assert ran.code == 0, ran.err
    url = ran.out.strip()
    answer = get(url)
    assert answer.status_code == 200, answer.text
    assert decoded(answer.content).size == (640, 360)
    assert answer.headers["Content-Type"] == "image/webp"
    assert get(url.replace("w=640", "w=641")).status_code == 403
    s3: S3Client = aws(stack, "s3")
    stored = s3.list_objects_v2(Bucket=stack.images_bucket)["Contents"]
    assert {each["Key"].partition("/")[0] for each in stored} <= {
        *stack.sizes,
        "hero.avif",
        "hero.webp",
    }


def test_the_lines_of_request_and_response(
    site: Site, stack: DeployedStack, tmp_path: Path
) -> None:
    """They return the very bytes that a worker stores."""
    shown = tmp_path / "docs" / "images"
    shown.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[2] / "docs" / "images" / "sea.jpg", shown)
    pictures = []
    for lines in blocks("Request and response"):
        typed(lines, tmp_path, site.local.environment())
        pictures.append((tmp_path / "small.jpg").read_bytes())
    assert len(pictures) == 3
    arrived_ = arrived(f"{stack.cdn}/400x300/2026/sea.jpg")
    assert set(pictures) == {arrived_.data}


def test_the_lines_of_missing_variants(
    site: Site, stack: DeployedStack, photo: Photo, tmp_path: Path
) -> None:
    (ask,) = blocks("Missing variants")
    taken_away(aws(stack, "s3"), stack, photo, "400x300")
    typed(ask, tmp_path, site.local.environment() | {"PHOTO": photo.url})
    assert decoded((tmp_path / "small.jpg").read_bytes()).size == (400, 300)
