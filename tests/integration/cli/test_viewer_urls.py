"""`fanout url` and `fanout viewer-key` on a private stage, and whoever signs for it."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from lib.auth.signatures import sign_url
from lib.auth.ttl_cache import utc_now
from lib.auth.viewer_signatures import make_key_pair
from lib.keys import url_path, variant_url
from lib.sizes import Size
from local.viewers import Request, may_see
from tests.command_line import fanout as typed
from tests.integration.conftest import REGION
from tests.integration.deployed import PREFIX, Commands, Deployed, fanout
from tests.integration.signing import FIRST as HMAC_KEY
from tests.integration.signing import SigningSecret, secret
from tests.integration.viewing import FIRST, IDS, NAME, ViewerSecret, viewer_secret

__all__ = ["fanout", "secret", "viewer_secret"]

CDN = "https://images.shop.example"
KEYS = {"K1": FIRST.public}
PAGE = Path(__file__).parents[3] / "docs" / "private-pictures.md"
PATHS = [
    "2026/photo.jpg",
    "a b/c+d%2F~.jpg",
    "100 %/%C3%BC ü.jpg",
    "😀/x.jpg",
    "!'()*~,=&?#;:@$.jpg",
]


@pytest.fixture(autouse=True)
def stage(fanout: Commands, secret: SigningSecret, viewer_secret: ViewerSecret) -> Deployed:
    """A private stage; `fanout` first, which decides how moto has functions."""
    deployed = Deployed(outputs=False)
    hero = Size(
        name="thumbnail", width=100, height=50, formats=("avif", "webp"), **{"except": ("no/",)}
    )
    function = f"{PREFIX}-resize-thumbnail"
    lambda_ = deployed.lambda_
    settings = lambda_.get_function_configuration(FunctionName=function)["Environment"]
    settings["Variables"]["SIZE"] = hero.model_dump_json()
    lambda_.update_function_configuration(FunctionName=function, Environment=settings)
    deployed.function(
        "400x300",
        FunctionName=f"{PREFIX}-uploads",
        Environment={"Variables": {"IMAGES_URL": f"{CDN}/"}},
    )
    deploy(deployed, secret, "private", "signed")
    return deployed


def deploy(deployed: Deployed, secret: SigningSecret, *features: str, ids: str = IDS) -> None:
    """The stage with these features, private if they say so."""
    boto3.client("cloudformation").delete_stack(StackName=PREFIX)
    private = {"ViewerKeysSecret": NAME, "ViewerKeyIds": ids} if "private" in features else {}
    deployed.outputs(
        Sizes=json.dumps(["400x300", "thumbnail"]),
        SigningKeysArn=secret.arn,
        Features=json.dumps(features),
        ImagesBucketName="images-bucket",
        FailuresBucketName="failures-bucket",
        **private,
    )


def sees(url: str, *, cookies: str = "", within: timedelta = timedelta()) -> bool:
    """Whether CloudFront shows this, so much later."""
    request = Request(CDN, url.removeprefix(CDN), cookies)
    return may_see(request, KEYS, (datetime.now(UTC) + within).timestamp())


class TestUnsignedUrls:
    """What prints URLs without signatures says that they show nothing on such a stage."""

    @pytest.fixture(autouse=True)
    def photo(self) -> None:
        s3 = boto3.client("s3")
        for kind in ("originals", "images", "failures"):
            s3.create_bucket(
                Bucket=f"{kind}-bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        stored = s3.put_object(Bucket="originals-bucket", Key="originals/a.jpg", Body=b"photo")
        metadata = {"original-etag": stored["ETag"].strip('"'), "pixels": "400x300"}
        s3.put_object(
            Bucket="images-bucket",
            Key="400x300/a.jpg",
            Body=b"v",
            ContentType="image/jpeg",
            Metadata=metadata,
        )

    @pytest.mark.parametrize("command", ["status", "html"])
    def test_are_called_so(
        self, fanout: Commands, stage: Deployed, secret: SigningSecret, command: str
    ) -> None:
        said = "these URLs are not signed"
        run = fanout(command, "a.jpg")
        assert f"{CDN}/400x300/a.jpg" in run.out
        assert said in run.err
        assert "./fanout url PATH --size SIZE --stage dev" in run.err
        assert said not in fanout(command, "a.jpg", "--json").err
        deploy(stage, secret)
        assert said not in fanout(command, "a.jpg").err


class TestUrl:
    def test_signs_a_variant_for_an_hour(self, fanout: Commands) -> None:
        run = fanout("url", "2026/ä b.jpg", "--size", "400x300")
        assert (run.code, run.err) == (0, "")
        url = run.out.removesuffix("\n")
        assert url.startswith(f"{CDN}/400x300/2026/%C3%A4%20b.jpg?Expires=")
        assert sees(url, within=timedelta(minutes=59))
        assert not sees(url, within=timedelta(minutes=61))

    def test_signs_a_variant_in_a_format_of_its_size(self, fanout: Commands) -> None:
        run = fanout("url", "a.jpg", "--size", "thumbnail", "--format", "avif", "--json")
        document = json.loads(run.out)
        assert document["url"].startswith(f"{CDN}/thumbnail.avif/a.jpg?")
        assert sees(document["url"])
        expires = int(document["url"].partition("Expires=")[2].partition("&")[0])
        assert datetime.fromisoformat(document["expires_at"]).timestamp() == expires

    @pytest.mark.parametrize("days", ["1", "7"])
    def test_lasts_as_long_as_it_was_told(self, fanout: Commands, days: str) -> None:
        url = fanout("url", "a.jpg", "--size", "400x300", "--days", days).out.removesuffix("\n")
        assert sees(url, within=timedelta(days=int(days), minutes=-1))
        assert not sees(url, within=timedelta(days=int(days), minutes=1))

    def test_dimensions_are_signed_twice_and_share_a_cache_entry(self, fanout: Commands) -> None:
        url = fanout("url", "a.jpg", "--w", "640", "--minutes", "5").out.removesuffix("\n")
        assert url.partition("?")[0] == sign_url(CDN, HMAC_KEY, "a.jpg", "w=640")
        assert sees(url)
        assert not sees(url, within=timedelta(minutes=6))

    def test_the_image_of_a_body_is_signed_once(self, fanout: Commands) -> None:
        run = fanout("url", "--w", "640", "--days", "30")
        assert re.fullmatch(r"w=640,expires=\d+/[\w-]{43}\n", run.out)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["a.jpg", "--size", "400x300", "--w", "1"], "a size has its own"),
            (["--size", "400x300"], "give the path of a photo"),
            (["a.jpg", "--size", "x"], "stage dev has no size 'x'"),
            (["no/a.jpg", "--size", "thumbnail"], "is not made of photos at 'no/a.jpg'"),
            (["a.jpg", "--size", "400x300", "--format", "avif"], "has no variants in avif"),
            (["a.jpg", "--size", "400x300", "--days", "8"], "lasts at most 7 days"),
            (["a.jpg", "--w", "1", "--days", "8"], "lasts at most 7 days"),
            (["a.jpg", "--folder", "a/"], "give no path"),
            (["--folder", "a/", "--w", "1"], "give no path, size or dimensions"),
            (["--folder", "a/../b"], "'..'"),
            (["--folder", "a;b"], "has a ';' in it"),
            (["--folder", "400x300/a"], "is called like one of the CDN"),
            (["--folder", "_signed"], "is called like one of the CDN"),
            (["a.jpg", "--w", "1", "--cookie-domain", "x.example"], "cookies need a --folder"),
        ],
    )
    def test_refuses_what_would_not_work(
        self, fanout: Commands, arguments: list[str], said: str
    ) -> None:
        run = fanout("url", *arguments)
        assert (run.code, run.out) == (2, "")
        assert said in " ".join(run.err.split())

    @pytest.mark.parametrize("arguments", [["a.jpg", "--size", "400x300"], ["--folder", "a"]])
    def test_on_a_public_stage_it_says_that_everyone_sees_all(
        self, fanout: Commands, stage: Deployed, secret: SigningSecret, arguments: list[str]
    ) -> None:
        deploy(stage, secret, "signed")
        run = fanout("url", *arguments)
        assert (run.code, run.out) == (1, "")
        assert run.err.startswith("The stage dev shows its images to everyone, because ")


def listed(fanout: Commands, *arguments: str) -> list[dict[str, Any]]:
    """The cookies that the command prints as JSON."""
    cookies: list[dict[str, Any]] = json.loads(fanout("url", *arguments, "--json").out)["cookies"]
    return cookies


def header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={text}" for name, text in cookies.items())


class TestCookies:
    def test_each_folder_of_the_cdn_has_its_own(self, fanout: Commands) -> None:
        made = {each["path"]: header(each["cookies"]) for each in listed(fanout, "--folder", "a b")}
        assert list(made) == [
            "/400x300/a%20b/",
            "/thumbnail/a%20b/",
            "/thumbnail.avif/a%20b/",
            "/thumbnail.webp/a%20b/",
            "/_signed/a%20b/",
        ]
        for path, cookies in made.items():
            assert sees(f"{path}x.jpg", cookies=cookies)
            # The folder of the same name in another one.
            assert not sees(f"{path.replace('a%20b', 'other/a%20b')}x.jpg", cookies=cookies)

    def test_queries_need_one_of_the_folder_itself(
        self, fanout: Commands, stage: Deployed, secret: SigningSecret
    ) -> None:
        deploy(stage, secret, "private", "queries")
        made = listed(fanout, "--folder", "avatars/")
        assert made[-1]["path"] == "/avatars/"
        assert sees("/avatars/x.jpg?w=300&h=200", cookies=header(made[-1]["cookies"]))

    def test_all_photos_need_one_set(self, fanout: Commands) -> None:
        (made,) = listed(fanout, "--folder", "/")
        assert made["path"] == "/"
        assert sees("/400x300/x.jpg", cookies=header(made["cookies"]))

    def test_are_headers_that_a_server_can_send(self, fanout: Commands) -> None:
        run = fanout("url", "--folder", "/", "--cookie-domain", "shop.example")
        lines = run.out.splitlines()
        names = [line.removeprefix("Set-Cookie: ").partition("=")[0] for line in lines]
        assert names == ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"]
        attributes = {line.partition("; ")[2] for line in lines}
        assert attributes == {"Domain=shop.example; Path=/; Secure; HttpOnly; SameSite=Lax"}
        run = fanout("url", "--folder", "/", "--cookie-domain", "shop.example", "--json")
        assert json.loads(run.out)["domain"] == "shop.example"

    def test_a_browser_that_keeps_fewer_is_warned_of(
        self, fanout: Commands, stage: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cli.viewer_urls._MAX_COOKIES", 14)
        run = fanout("url", "--folder", "a")
        assert "These are 15 cookies, and some browsers keep 14" in run.err
        assert len(run.out.splitlines()) == 15


class TestRotate:
    def test_adds_a_key_and_says_how_to_put_it_to_use(
        self, fanout: Commands, viewer_secret: ViewerSecret
    ) -> None:
        run = fanout("viewer-key", "rotate", "--yes")
        assert (run.code, run.out) == (0, "")
        assert "To put it to use: npx sls deploy --stage dev" in run.err
        new, old = viewer_secret.store().read()
        assert old == FIRST
        assert new.signs_from is None
        assert new.private not in run.err
        # Until that deploy, URLs are signed with the key that CloudFront has.
        assert sees(fanout("url", "a.jpg", "--size", "400x300").out.removesuffix("\n"))

    def test_a_second_rotation_waits_for_the_deploy(
        self, fanout: Commands, viewer_secret: ViewerSecret
    ) -> None:
        fanout("viewer-key", "rotate", "--yes")
        before = viewer_secret.store().read()
        run = fanout("viewer-key", "rotate", "--yes")
        assert run.code == 1
        assert "deploy the stage first" in run.err
        assert viewer_secret.store().read() == before

    def test_asks_first_and_says_what_ends(
        self, fanout: Commands, viewer_secret: ViewerSecret
    ) -> None:
        assert "none stops working" in fanout("viewer-key", "rotate").err
        rotate = ("viewer-key", "rotate", "--stage", "dev")
        assert typed(*rotate, answer="n").code == 1
        assert viewer_secret.store().read() == [FIRST]
        store, new = viewer_secret.store(), make_key_pair()
        store.rotate(store.read(), new, utc_now())
        store.activate([new.id], utc_now() - timedelta(hours=1))
        run = fanout("viewer-key", "rotate")
        assert run.code == 2
        assert "those signed before the last rotation stop working" in run.err


def block(language: str) -> str:
    """The page's functions that sign, in one of its languages."""
    section = PAGE.read_text().partition("## Signing code")[2].partition("\n## ")[0]
    (code,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(code)


def ran(given: dict[str, Any], *command: str) -> dict[str, Any]:
    """What a program prints as JSON; it is given JSON too."""
    run = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
    )
    answered: dict[str, Any] = json.loads(run.stdout)
    return answered


def in_python(given: dict[str, Any]) -> dict[str, Any]:
    after = """
import json, sys
g = json.load(sys.stdin)
key = g["private"], g["id"]
urls = [signed_url(*key, url, g["expires"]) for url in g["urls"]]
print(json.dumps({"urls": urls, "cookies": signed_cookies(*key, g["folder"], g["expires"])}))
"""
    return ran(given, sys.executable, "-c", block("python") + after)


def in_javascript(given: dict[str, Any]) -> dict[str, Any]:
    after = """
const g = JSON.parse(require('node:fs').readFileSync(0));
const urls = g.urls.map((url) => signedUrl(g.private, g.id, url, g.expires));
console.log(JSON.stringify({ urls, cookies: signedCookies(g.private, g.id, g.folder, g.expires) }));
"""
    return ran(given, "node", "-e", block("js") + after)


@pytest.mark.parametrize("run", [in_python, in_javascript])
def test_the_functions_that_the_page_shows_sign_what_cloudfront_takes(run: Any) -> None:
    expires = int((datetime.now(UTC) + timedelta(minutes=5)).timestamp())
    urls = [variant_url(CDN, "400x300", path) for path in PATHS]
    folder = f"{CDN}/400x300/{url_path('a b')}/"
    made = run(
        {"private": FIRST.private, "id": "K1", "urls": urls, "folder": folder, "expires": expires}
    )
    for url in made["urls"]:
        assert sees(url)
        assert not sees(url, within=timedelta(minutes=6))
        assert not sees(url.replace("/400x300/", "/800x600/"))
    assert sees("/400x300/a%20b/x.jpg", cookies=header(made["cookies"]))
    assert not sees("/400x300/a%20bc/x.jpg", cookies=header(made["cookies"]))
    assert not sees("/400x300/a%20b/x.jpg", cookies=header(made["cookies"]), within=timedelta(1))
