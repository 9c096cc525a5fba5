"""Both ways of delivery, on a stack of its own that goes from one to the other and back."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from local.client import aws
from local.stack import LocalStack, Stack
from tests.command_line import fanout
from tests.e2e.test_pipeline import PHOTO, arrived, eventually, uploaded
from tests.pictures import decoded
from tests.service import Service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 30
CHROME = {"Accept": "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"}
OLD_SAFARI = {"Accept": "image/webp,image/png,image/*;q=0.8,*/*;q=0.5"}


class Site:
    """A stack whose parameters a test changes; with one size, in three formats."""

    def __init__(self, folder: Path) -> None:
        (folder / "service").mkdir()
        self.service = Service(folder / "service", with_packages=True)
        size = "{name: hero, width: 200, height: 150, formats: [avif, webp]}"
        (self.service.folder / "sizes.yml").write_text(f"sizes: [{size}]\n")
        self.local = LocalStack(folder / "state", self.service.folder)

    def deploy(self, **parameters: str) -> Stack:
        """Deploy with these parameters in place of the local stage's own."""
        file = self.service.folder / "serverless.yml"
        lines = file.read_text().splitlines(keepends=True)
        names = tuple(f"    {name}:" for name in parameters)
        kept = [line for line in lines if not line.startswith(names)]
        here = kept.index("  default:\n") + 1
        kept[here:here] = [f"    {name}: {value}\n" for name, value in parameters.items()]
        file.write_text("".join(kept))
        return self.local.up(tell=print)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("delivery"))
    try:
        site.deploy(serve_formats="true")
        yield site
    finally:
        site.local.down()


@pytest.fixture(scope="module")
def private(site: Site) -> Stack:
    return site.local.read()


@pytest.fixture(scope="module")
def url(private: Stack) -> str:
    """A variant at the CDN, in all its formats."""
    ticket = uploaded(private, PHOTO, path="2026/photo.jpg")
    url: str = ticket["variants"]["hero"]
    arrived(url)
    return url


def get(url: str, **headers: str) -> Any:
    return requests.get(url, headers=headers, timeout=SECONDS)


def direct(stack: Stack, key: str) -> int:
    """What the images bucket answers a stranger who asks it for an object."""
    return int(get(f"{stack.endpoint}/{stack.images_bucket}/{key}").status_code)


def refuses_originals(stack: Stack) -> bool:
    """Whether the originals bucket, and the pictures' address, keep the original to themselves."""
    asked = (
        f"{stack.endpoint}/{stack.originals_bucket}/originals/2026/photo.jpg",
        f"{stack.endpoint}/{stack.originals_bucket}",
        f"{stack.cdn}/originals/2026/photo.jpg",
    )
    return all(get(each).status_code in (403, 404) for each in asked)


class TestCloudFront:
    @pytest.mark.parametrize(
        ("accept", "kind"),
        [(CHROME, "avif"), (OLD_SAFARI, "webp"), ({"Accept": "*/*"}, "jpeg")],
    )
    def test_one_url_gives_each_browser_what_it_takes(
        self, url: str, accept: dict[str, str], kind: str
    ) -> None:
        answer = get(url, **accept)
        assert answer.headers["Content-Type"] == f"image/{kind}"
        assert decoded(answer.content).size == (200, 150)
        assert decoded(answer.content).format == kind.upper()
        assert answer.headers["Vary"] == "Accept, Origin"

    def test_a_visitor_cannot_choose_the_folder(self, url: str) -> None:
        answer = get(url, **OLD_SAFARI, **{"X-Fanout-Folder": "hero.avif"})
        assert answer.headers["Content-Type"] == "image/webp"

    def test_answers_carry_the_headers_that_keep_a_site_safe(self, url: str) -> None:
        answer = get(url, Origin="https://shop.example")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"

    @pytest.mark.parametrize("accept", [CHROME, {}])
    def test_what_a_browser_has_already_is_not_sent_again(
        self, url: str, accept: dict[str, str]
    ) -> None:
        tag = get(url, **accept).headers["ETag"]
        again = get(url, **accept, **{"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert get(url, **accept, **{"If-None-Match": '"another"'}).status_code == 200

    def test_a_query_string_changes_nothing(self, url: str) -> None:
        assert get(f"{url}?w=1&format=webp").content == get(url).content

    def test_a_format_that_is_missing_is_the_sizes_own(self, private: Stack, url: str) -> None:
        s3: S3Client = aws(private, "s3")
        s3.copy_object(
            Bucket=private.images_bucket,
            Key="hero/2026/lone.jpg",
            CopySource=f"{private.images_bucket}/hero/2026/photo.jpg",
        )
        lone = url.replace("photo", "lone")
        assert get(lone, **CHROME).headers["Content-Type"] == "image/jpeg"
        assert get(lone, **CHROME).status_code == 200
        assert get(url.replace("photo", "none"), **CHROME).status_code == 404

    def test_neither_the_bucket_nor_originals_can_be_read_directly(
        self, private: Stack, url: str
    ) -> None:
        assert get(url).status_code == 200
        assert direct(private, "hero/2026/photo.jpg") == 403
        assert refuses_originals(private)


@pytest.fixture(scope="module")
def public(site: Site, url: str) -> Stack:
    """The same stack without its CDN; a variant is there from before."""
    return site.deploy(delivery="public-read", serve_formats="false")


class TestPublicRead:
    def test_its_urls_are_the_buckets(self, public: Stack) -> None:
        assert public.cdn == f"{public.endpoint}/{public.images_bucket}"
        ticket = uploaded(public, PHOTO, path="new.jpg")
        assert ticket["variants"]["hero"] == f"{public.cdn}/hero/new.jpg"
        arrived(ticket["variants"]["hero"])
        variant = get(ticket["variants"]["hero"])
        assert decoded(variant.content).size == (200, 150)
        assert variant.headers["Cache-Control"] == "public, max-age=3600, s-maxage=1209600"

    def test_one_command_opens_the_variants_that_are_there(
        self, site: Site, public: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = "hero/2026/photo.jpg"
        assert direct(public, key) == 403
        monkeypatch.setenv("FANOUT_LOCAL", str(site.local.state))
        command = ("audit", "--stage", "local", "--deep", "--repair", "--yes", "--json")
        assert fanout(*command).code == 0
        eventually(lambda: direct(public, key) == 200, "the variant is public")
        eventually(lambda: direct(public, "hero.avif/2026/photo.jpg") == 200, "so is its AVIF")

    def test_neither_lists_nor_originals_are_public(self, public: Stack) -> None:
        assert get(public.cdn).status_code == 403
        assert refuses_originals(public)


class TestTheWayBack:
    def test_closes_the_bucket_and_serves_what_is_there(self, site: Site, url: str) -> None:
        again = site.deploy(delivery="cloudfront", serve_formats="true")
        assert get(f"{again.cdn}/hero/2026/photo.jpg", **CHROME).status_code == 200
        assert direct(again, "hero/2026/photo.jpg") == 403
        assert refuses_originals(again)
