"""The local CDN takes the signatures that CloudFront takes, and no others."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from botocore.signers import CloudFrontSigner

from lib.auth.viewer_signatures import ViewerSigner, make_key_pair
from local.viewers import Request, may_see, strip_signature

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
BASE = "http://127.0.0.1:8080"
KEY, OTHER = make_key_pair(NOW), make_key_pair(NOW)
KEYS = {"K1": KEY.public}
SIGNER = ViewerSigner(lambda: [KEY], {KEY.id: "K1"}, lambda: NOW)
PATHS = [
    "/400x300/2026/a.jpg",
    "/400x300/a%20b/%C3%BC%2B%7E.jpg",
    "/_signed/a.jpg/w=61,fit=cover/abc",
    "/photo.jpg?w=300&h=200",
]


def sees(path: str, *, at: datetime = NOW, keys: dict[str, str] = KEYS, cookies: str = "") -> bool:
    return may_see(Request(BASE, path, cookies), keys, at.timestamp())


def signed(path: str, expires_at: datetime = LATER, signer: ViewerSigner = SIGNER) -> str:
    return signer.sign_url(BASE + path, expires_at).removeprefix(BASE)


@pytest.mark.parametrize("path", PATHS)
def test_a_signed_url_shows_itself_until_it_expires(path: str) -> None:
    assert not sees(path)
    assert sees(signed(path))
    assert sees(signed(path), at=LATER - timedelta(seconds=1))
    assert not sees(signed(path), at=LATER)


@pytest.mark.parametrize("path", PATHS)
def test_a_signature_holds_for_no_other_url(path: str) -> None:
    url = signed(path)
    assert not sees(url.replace(".jpg", "x.jpg", 1))
    assert not sees(url.replace("Expires=", "Expires=1"))
    assert not sees(url + "&w=1")
    assert not sees(url.replace("Signature=", "Signature=A"))
    host = Request("http://other:8080", url)
    assert not may_see(host, KEYS, NOW.timestamp())


def test_a_key_outside_of_the_group_shows_nothing() -> None:
    url = signed(PATHS[0])
    assert not sees(url, keys={"K2": KEY.public})
    assert not sees(url, keys={"K1": OTHER.public})
    assert sees(url, keys={"K2": OTHER.public, **KEYS})


@pytest.mark.parametrize(
    "query",
    [
        "?Signature=x",
        "?Signature=x&Key-Pair-Id=K1",
        "?Expires=x&Signature=x&Key-Pair-Id=K1",
        "?Policy=%ff&Signature=____&Key-Pair-Id=K1",
        "?Policy=e30_&Signature=e30_&Key-Pair-Id=K1",
    ],
)
def test_nonsense_is_refused(query: str) -> None:
    assert not sees(PATHS[0] + query)


def cookies(folder: str) -> str:
    (made,) = SIGNER.sign_folders(BASE, [folder], LATER)
    return "; ".join(f"{name}={text}" for name, text in made.cookies.items())


def test_cookies_show_what_is_below_their_folder() -> None:
    mine = cookies("400x300/a b*/")
    assert sees("/400x300/a%20b%2A/x.jpg", cookies=mine)
    assert sees("/400x300/a%20b%2A/deep/x.jpg", cookies=f"theme=dark; {mine}")
    assert not sees("/400x300/a%20b%2A/x.jpg", cookies=mine, at=LATER)
    for path in ("/400x300/a%20bc/x.jpg", "/800x600/a%20b%2A/x.jpg", "/x/400x300/a%20b%2A/x.jpg"):
        assert not sees(path, cookies=mine)


def test_a_cookie_whose_policy_was_widened_shows_nothing() -> None:
    (made,) = SIGNER.sign_folders(BASE, ["400x300/a/"], LATER)
    policy = b64decode(made.cookies["CloudFront-Policy"].translate(str.maketrans("-_~", "+=/")))
    wide = policy.replace(b"/400x300/a/*", b"/*")
    assert wide != policy
    changed = {**made.cookies, "CloudFront-Policy": b64encode(wide).decode()}
    header = "; ".join(f"{name}={text}" for name, text in changed.items())
    assert not sees("/400x300/a/x.jpg", cookies=header)


def test_cookies_for_the_whole_stage_have_the_path_of_its_root() -> None:
    (made,) = SIGNER.sign_folders(BASE, [""], LATER)
    assert made.path == "/"
    assert sees("/400x300/x.jpg", cookies=cookies(""))


def test_a_policy_with_a_condition_that_is_not_checked_is_refused() -> None:
    signer = SIGNER._signer()
    policy = signer.build_policy(BASE + PATHS[0], LATER, ip_address="192.0.2.1")
    url = signer.generate_presigned_url(BASE + PATHS[0], policy=policy)
    assert not sees(url.removeprefix(BASE))


def test_the_signature_is_no_part_of_what_is_asked_for() -> None:
    for path in PATHS:
        assert strip_signature(signed(path)) == path.replace("%7E", "~")
    assert strip_signature("/a.jpg?utm_source=x&Expires=1&w=2") == "/a.jpg?utm_source=x&w=2"


def test_a_url_holds_for_clients_that_decode_what_need_not_be_encoded() -> None:
    """Python's requests sends `~` for `%7E`; no client does the opposite."""
    url = BASE + signed("/400x300/a%7Eb~.jpg")
    sent = requests.Request("GET", url).prepare().url
    assert sent == url
    assert sees(url.removeprefix(BASE))


def test_urls_have_the_form_that_cloudfront_documents() -> None:
    query = parse_qs(urlsplit(signed(PATHS[0])).query)
    assert query.keys() == {"Expires", "Signature", "Key-Pair-Id"}
    assert query["Expires"] == [str(int(LATER.timestamp()))]
    assert query["Key-Pair-Id"] == ["K1"]
    policy = CloudFrontSigner("K1", lambda _: b"").build_policy(BASE + PATHS[0], LATER)
    assert json.loads(policy)["Statement"][0]["Resource"] == BASE + PATHS[0]
