"""Both ways of delivery, on a stack of its own that goes from one to the other and back."""

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

import pytest

from local.client import aws
from local.stack import DeployedStack
from tests.command_line import fanout
from tests.e2e.conftest import Operator
from tests.e2e.site import EVERYTHING, SIGNED, Site
from tests.e2e.steps import PHOTO, arrived, eventually, get, get_as_it_is, uploaded
from tests.e2e.test_private import bare, signed
from tests.pictures import decoded
from tests.srcset import Markup, Window, chosen

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHROME = {"Accept": "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"}
OLD_SAFARI = {"Accept": "image/webp,image/png,image/*;q=0.8,*/*;q=0.5"}


@pytest.fixture
def private(site: Site) -> DeployedStack:
    return site.deploy(**EVERYTHING)


@pytest.fixture
def url(private: DeployedStack) -> str:
    """A variant at the CDN, in all its formats."""
    ticket = uploaded(private, PHOTO, path=f"{uuid4().hex}/photo.jpg")
    url: str = ticket["variants"]["hero"]
    arrived(url)
    return url


def direct(stack: DeployedStack, key: str) -> int:
    """What the images bucket answers a stranger who asks it for an object."""
    return int(get(f"{stack.endpoint}/{stack.images_bucket}/{key}").status_code)


def is_public(stack: DeployedStack, key: str) -> bool:
    return direct(stack, key) == 200


def refuses_originals(stack: DeployedStack, path: str) -> bool:
    """Whether the originals bucket, and the pictures' address, keep the original to themselves."""
    asked = (
        f"{stack.endpoint}/{stack.originals_bucket}/originals/{path}",
        f"{stack.endpoint}/{stack.originals_bucket}",
        f"{stack.cdn}/originals/{path}",
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
        assert answer.headers["Vary"].startswith("Accept, Origin, ")

    def test_a_page_has_one_url_for_all_formats(
        self, site: Site, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FANOUT_LOCAL", str(site.local.state))
        run = fanout("html", path_of(url), "--sizes", "hero", "--stage", "local")
        assert run.code == 0, run.err
        assert Markup(run.out).all("source") == []
        loaded, width = chosen(run.out, Window(390))
        assert (loaded, width) == (url, 200)
        assert get(loaded, **CHROME).headers["Content-Type"] == "image/avif"

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

    def test_a_query_that_is_no_size_changes_nothing(self, url: str) -> None:
        assert get(f"{url}?utm_source=mail").content == get(url).content

    def test_every_spelling_of_a_path_leads_to_its_picture(self, private: DeployedStack) -> None:
        folder = uuid4().hex
        path = f"{folder}/photo (1)+~@é*%.jpg"
        url = uploaded(private, PHOTO, path=path)["variants"]["hero"]
        assert url == f"{private.cdn}/hero/{folder}/photo%20(1)%2B%7E@%C3%A9%2A%25.jpg"
        picture = arrived(url).data
        for spelling in (
            quote(path),
            quote(path, safe="").lower(),
            f"{folder}/ph%6fto%20%281)%2b~%40%c3%a9*%.jpg",
        ):
            assert get_as_it_is(f"{private.cdn}/hero/{spelling}", **CHROME) == (200, "image/avif")
            assert get_as_it_is(f"{private.cdn}/hero/{spelling}") == (200, "image/jpeg")
        assert get(url).content == picture

    @pytest.mark.parametrize("path", ["hero/%FF.jpg", "hero/2026%2f..%2Fphoto.jpg", "hero/%00"])
    def test_what_can_be_no_path_is_refused(self, private: DeployedStack, path: str) -> None:
        assert get_as_it_is(f"{private.cdn}/{path}")[0] == 400

    def test_neither_the_bucket_nor_originals_can_be_read_directly(
        self, private: DeployedStack, url: str
    ) -> None:
        path = path_of(url)
        assert get(url).status_code == 200
        assert direct(private, f"hero/{path}") == 403
        assert refuses_originals(private, path)


def path_of(url: str) -> str:
    return url.partition("/hero/")[2]


@pytest.mark.redeploys
def test_a_stage_becomes_public_and_private_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test, because each part begins where the one before it ends, and a deploy takes long."""
    # Whether its images are shown by signatures only or not: the bucket shows none.
    before = rendered_by_workers(site.have(on_demand=EVERYTHING["on_demand"]))
    # Purges of other tests may wait in the queue that goes with the CDN.
    public = site.deploy(delivery="public-read", abandon_messages="true", abandon_secrets="true")
    assert public.cdn == f"{public.endpoint}/{public.images_bucket}"
    expect_public_variants(public)
    expect_that_a_repair_opens_older_variants(site, public, before, monkeypatch)
    assert get(public.cdn).status_code == 403, "nobody may list"
    assert refuses_originals(public, before)

    again = site.deploy(delivery="cloudfront", **SIGNED)
    url = signed(Operator(site.local.state), before, "--size", "hero")
    assert get(url, **CHROME).status_code == 200
    assert get(bare(url), **CHROME).status_code == 403
    assert direct(again, f"hero/{before}") == 403
    assert refuses_originals(again, before)
    expect_that_a_missing_format_is_the_sizes_own(site, again, before)


def rendered_by_workers(stack: DeployedStack) -> str:
    """The path of a photo that nobody has asked the CDN for.

    After a picture on demand a worker looks at the photo once more, and opens it by itself.
    """
    path: str = uploaded(stack, PHOTO, path=f"{uuid4().hex}/photo.jpg")["path"]
    s3: S3Client = aws(stack, "s3")

    def keys() -> set[str]:
        listed = s3.list_objects_v2(Bucket=stack.images_bucket).get("Contents", [])
        return {each["Key"] for each in listed}

    wanted = {f"{folder}/{path}" for folder in ("hero", "hero.avif", "hero.webp")}
    eventually(lambda: wanted <= keys(), "the variants")
    return path


def expect_public_variants(public: DeployedStack) -> None:
    ticket = uploaded(public, PHOTO, path=f"{uuid4().hex}/new.jpg")
    assert ticket["variants"]["hero"] == f"{public.cdn}/hero/{ticket['path']}"
    arrived(ticket["variants"]["hero"])
    variant = get(ticket["variants"]["hero"])
    assert decoded(variant.content).size == (200, 150)
    assert variant.headers["Cache-Control"] == "public, max-age=3600, s-maxage=1209600"


def expect_that_a_repair_opens_older_variants(
    site: Site, public: DeployedStack, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert direct(public, f"hero/{path}") == 403
    monkeypatch.setenv("FANOUT_LOCAL", str(site.local.state))
    command = ("audit", "--stage", "local", "--deep", "--repair", "--yes", "--json")
    assert fanout(*command).code == 0
    for folder in ("hero", "hero.avif"):
        key = f"{folder}/{path}"
        eventually(partial(is_public, public, key), f"{key} is public")


def expect_that_a_missing_format_is_the_sizes_own(
    site: Site, stack: DeployedStack, path: str
) -> None:
    operator = Operator(site.local.state)
    s3: S3Client = aws(stack, "s3")
    s3.copy_object(
        Bucket=stack.images_bucket,
        Key=f"hero/{path}.lone",
        CopySource=f"{stack.images_bucket}/hero/{path}",
    )
    lone = get(signed(operator, f"{path}.lone", "--size", "hero"), **CHROME)
    assert (lone.status_code, lone.headers["Content-Type"]) == (200, "image/jpeg")
    none = signed(operator, f"{path}.none", "--size", "hero")
    assert get(none, **CHROME).status_code == 404
