"""A private stage: nobody sees an image without a signature, on any way that leads to one."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import pytest

from lib.keys import url_path
from local.client import aws
from local.stack import DeployedStack
from tests.e2e.conftest import Operator
from tests.e2e.site import PRIVATE, SIGNED, Site
from tests.e2e.steps import PHOTO, eventually, get, get_as_it_is, uploaded
from tests.pictures import decoded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.redeploys
DAY = 86_400
AVIF = {"Accept": "image/avif,*/*"}


class Rotated(NamedTuple):
    """The stage after a rotation of its keys, URLs that were signed before and during it."""

    stack: DeployedStack
    urls: tuple[str, str]


@pytest.fixture(scope="module")
def rotated(site: Site) -> Rotated:
    """All tests run after it: they need a deploy, and so does it."""
    path = uploaded(site.have(**SIGNED), PHOTO, path=f"{uuid4().hex}/lake.jpg")["path"]
    operator = Operator(site.local.state)
    eventually(lambda: operator("status", path).code == 0, "every size")
    before = signed(operator, path, "--size", "400x300")
    assert operator("viewer-key", "rotate", "--yes").code == 0
    again = operator("viewer-key", "rotate", "--yes")
    assert (again.code, "deploy the stage first" in again.err) == (1, True)
    between = signed(operator, path, "--size", "400x300")
    assert get(between).status_code == 200
    return Rotated(site.deploy(**PRIVATE, log_days="14"), (before, between))


@pytest.fixture
def stack(rotated: Rotated) -> DeployedStack:
    return rotated.stack


@pytest.fixture
def operator(site: Site, stack: DeployedStack) -> Operator:
    return Operator(site.local.state)


def signed(operator: Operator, *arguments: str) -> str:
    run = operator("url", *arguments)
    assert run.code == 0, run.err
    return run.out.removesuffix("\n")


def bare(url: str) -> str:
    return url.partition("?")[0]


@pytest.fixture
def path(stack: DeployedStack, operator: Operator) -> str:
    """A photo with all its variants, in a folder of a name that URLs escape."""
    path: str = uploaded(stack, PHOTO, path=f"{uuid4().hex} é+~/lake.jpg")["path"]
    eventually(lambda: operator("status", path).code == 0, "every size")
    return path


def test_every_way_to_an_image_needs_a_signature(
    stack: DeployedStack, operator: Operator, path: str
) -> None:
    ways = [
        signed(operator, path, "--size", "400x300"),
        signed(operator, path, "--size", "hero"),
        signed(operator, path, "--size", "hero", "--format", "webp"),
        signed(operator, path, "--w", "61"),
    ]
    for url in ways:
        assert get(url).status_code == 200, url
        assert get(bare(url)).status_code == 403, url
    other = ways[0].partition("?")[2]
    assert get(f"{bare(ways[1])}?{other}").status_code == 403
    assert get(f"{stack.cdn}/{url_path(path)}?size=hero").status_code == 403
    shown = get(ways[0])
    assert shown.headers["Cache-Control"] == "private, max-age=3600"
    assert decoded(shown.content).size == (400, 300)


def test_a_browser_gets_its_format_by_the_url_of_the_size(operator: Operator, path: str) -> None:
    url = signed(operator, path, "--size", "hero")
    assert get(url, **AVIF).headers["Content-Type"] == "image/avif"
    assert get(bare(url), **AVIF).status_code == 403


def test_a_missing_variant_is_made_for_who_may_see_it(
    stack: DeployedStack, operator: Operator, path: str
) -> None:
    s3: S3Client = aws(stack, "s3")
    variant: Any = {"Bucket": stack.images_bucket, "Key": f"400x300/{path}"}
    s3.delete_object(**variant)
    url = signed(operator, path, "--size", "400x300")
    assert get(bare(url)).status_code == 403
    with pytest.raises(s3.exceptions.ClientError):
        s3.head_object(**variant)
    made = get(url)
    assert (made.status_code, made.headers["Cache-Control"]) == (200, "private, max-age=3600")
    assert s3.head_object(**variant)["CacheControl"].startswith("public, ")


def test_cookies_show_a_folder_and_nothing_beside_it(
    stack: DeployedStack, operator: Operator, path: str
) -> None:
    folder = path.partition("/")[0]
    run = operator("url", "--folder", folder, "--json")
    assert run.code == 0, run.err
    sets = {each["path"]: each["cookies"] for each in json.loads(run.out)["cookies"]}
    spelled = url_path(folder)
    assert set(sets) >= {f"/400x300/{spelled}/", f"/hero.avif/{spelled}/", f"/{spelled}/"}

    def status(url: str, of: str) -> int:
        cookies = "; ".join(f"{name}={text}" for name, text in sets[of].items())
        return get_as_it_is(f"{stack.cdn}{url}", Cookie=cookies)[0]

    of_size, of_queries = f"/400x300/{spelled}/", f"/{spelled}/"
    assert status(f"{of_size}lake.jpg", of_size) == 200
    assert status(f"{of_queries}lake.jpg?size=hero", of_queries) == 200
    assert status(f"/hero/{spelled}/lake.jpg", of_size) == 403
    other = uploaded(stack, PHOTO, path=f"{uuid4().hex}/{folder}/lake.jpg")["path"]
    assert status(f"/400x300/{url_path(other)}", of_size) == 403
    # A query or a folder upwards leads nowhere else.
    assert status(f"{of_size}lake.jpg?size=hero", of_size) == 200
    assert status(f"{of_size}%2e%2e%2f{quote(other)}", of_size) == 400


def test_the_api_signs_for_its_callers(stack: DeployedStack, operator: Operator, path: str) -> None:
    token = {"Authorization": f"Bearer {stack.token}"}
    url = f"{stack.api}/uploads?path={quote(path)}"
    sizes = get(f"{url}&signed=600", **token).json()["sizes"]
    urls = [variant["url"] for size in sizes.values() for variant in size["variants"]]
    assert len(urls) == 7
    assert {get(each).status_code for each in urls} == {200}
    assert get(f"{url}&signed={8 * DAY}", **token).status_code == 422
    assert get(f"{url}&signed=600").status_code == 401
    ticket = uploaded(stack, PHOTO, path=f"{uuid4().hex}/new.jpg", signed=600)
    shown = ticket["variants"]["400x300"]
    eventually(lambda: get(shown).status_code == 200, "the signed URL of the ticket")
    assert get(bare(shown)).status_code == 403


def test_a_rotation_ends_no_url(rotated: Rotated, operator: Operator, path: str) -> None:
    assert [get(url).status_code for url in rotated.urls] == [200, 200]
    findings = [json.loads(line) for line in operator("doctor", "--json").out.splitlines()]
    of_keys = [each for each in findings if "viewer keys" in each["what"]]
    assert [each["level"] for each in of_keys] == ["ok"]
    after = signed(operator, path, "--size", "400x300")
    assert get(after).status_code == 200
